"""Events in the JSON format, one case a line."""
# ruff: noqa: E501

import json
from base64 import b64encode
from typing import Any

from tests.contract.ingest.cloudevents.cases import DATA, EVENT, STRUCTURED, Text, changed


def _without(*names: str, **changes: Any) -> bytes:
    return json.dumps({name: value for name, value in {**EVENT, **changes}.items() if name not in names}).encode()


def _and(member: bytes) -> bytes:
    """Members that no encoder would write."""
    return changed()[:-1] + b"," + member + b"}"


def _base64(data: bytes = DATA, **changes: Any) -> bytes:
    return _without("data", data_base64=b64encode(data).decode(), **changes)


def _times() -> list[Text]:
    """core, Type System: Timestamp is RFC 3339."""
    second = "2026-06-30T23:59:59"
    taken = [
        ("lower-case t and z", "5.6", "2026-06-30t23:59:59z", "", True, ""),
        ("an offset", "5.6", "2026-07-01T00:59:59+01:00", "", True, "conformance validMinimalWithTimeUsingPositiveOffset"),
        ("an unknown local offset", "4.3", f"{second}-00:00", "", True, ""),
        ("the largest offset", "5.6", "2026-07-01T23:58:59+23:59", "", True, ""),
        ("no fraction worth the name", "5.6", f"{second}.000000000Z", "", True, "conformance validMinimalWithTimeToNanosecondsUtc"),
        ("nanoseconds", "5.6", f"{second}.999999999Z", f"{second}.999999Z", True, "sdk-go TestTimestampParseString"),
        ("a fraction of forty digits", "5.6", f"{second}.{'5' * 40}Z", f"{second}.555555Z", True, ""),
        ("a leap second", "5.6, 5.7", "2026-06-30T23:59:60Z", f"{second}.999999Z", False, ""),
        ("a leap second elsewhere", "5.6, 5.7", "2026-06-30T16:59:60.5-07:00", f"{second}.999999Z", False, ""),
    ]  # fmt: skip
    refused = [
        ("a leap second within a month", "5.7", "2026-06-29T23:59:60Z", ""),
        ("a leap second at noon", "5.7", "2026-06-30T12:59:60Z", ""),
        ("the sixty-first second", "5.6", "2026-06-30T23:59:61Z", ""),
        ("a blank for the T", "5.6", "2026-06-30 23:59:59Z", ""),
        ("no offset", "5.6", second, ""),
        ("an offset of an hour alone", "5.6", f"{second}+05", "conformance invalidTimeOffsetHourOnly"),
        ("an offset of 25 hours", "5.6", f"{second}+25:00", "conformance invalidTimeOffsetOutOfRange"),
        ("an offset of letters", "5.6", f"{second}+xx:00", "conformance invalidTimeOffsetNonInteger"),
        ("an offset called X", "5.6", f"{second}X", "conformance invalidTimeOffsetX"),
        ("no seconds", "5.6", "2026-06-30T23:59Z", "conformance invalidTimeToMinute"),
        ("the hour 24", "5.6", "2026-06-30T24:00:00Z", ""),
        ("no time", "5.6", "lunchtime", "conformance invalidTimeGarbage"),
        ("a day alone", "5.6", "2026-06-30", "sdk-go TestTimestampParseString"),
        ("digits of another script", "5.6", "\uff12026-06-30T23:59:59Z", ""),
        ("a fraction without digits", "5.6", f"{second}.Z", ""),
    ]
    return [
        *(
            Text(f"time: {name}", f"core Type System, RFC 3339 {section}", changed(time=time),
                 {"time": means} if means else {}, after=after, sdk=sdk)
            for name, section, time, means, sdk, after in taken
        ),
        *(
            Text(f"time: {name}", f"core Type System, RFC 3339 {section}", changed(time=time),
                 refused="/time: expected an RFC 3339 time", after=after)
            for name, section, time, after in refused
        ),
    ]  # fmt: skip


def _attributes() -> list[Text]:
    missing = "expected this field, it is missing"
    return [
        Text("all of it", "core REQUIRED Attributes", changed(), after="conformance validMinimal"),
        Text("optional attributes that are null", "json 2.2", changed(dataschema=None, datacontenttype=None),
             after="conformance validMinimalWithNullForOptional", sdk=False),
        Text("an extension that is null", "json 2.2, 3.2", changed(unsetextension=None), after="sdk-go null attributes v1.0"),
        *(Text(f"{name} that is null", "json 2.2, core REQUIRED Attributes", changed(**{name: None}),
               refused=missing if name != "type" else "the event has none", after=f"conformance invalidNo{name.title()}")
          for name in ("id", "source", "specversion", "type")),
        Text("time that is null", "json 2.2; ours to require", changed(time=None), refused=f"/time: {missing}"),
        Text("subject that is null", "json 2.2; ours to require", changed(subject=None), refused=f"/subject: {missing}"),
        *(Text(f"{name} that is empty", f"core {name}", changed(**{name: ""}), refused=f"/{name}: expected",
               after=f"conformance invalidEmpty{name.title()}")
          for name in ("id", "source", "type", "subject", "dataschema", "datacontenttype", "specversion")),
        *(Text(f"specversion {given}", "core specversion", changed(specversion=given), refused="/specversion: expected '1.0'",
               after="conformance invalidUnknownSpecVersion") for given in ("0.3", "0.9", "1.0.2", "2.0")),
        Text("a number for an id", "core id, json 2.2", changed(id=25), refused="/id: expected", after="conformance invalidNumericId"),
        Text("an object for an id", "core id, json 2.2", changed(id={"a": "b"}), refused="/id: expected",
             after="conformance invalidObjectId"),
        Text("an id in any script", "core Type System, String", changed(id="借款-é-😀"), {"id": "借款-é-😀"}),
        Text("a control character in an id", "core Type System, String", changed(id="a\x85"), refused="/id: expected"),
        Text("a noncharacter in an id", "core Type System, String", changed(id="a\ufdd0"), refused="/id: expected"),
        Text("a noncharacter beyond U+FFFF in an id", "core Type System, String", changed(id="a\U0001fffe"), refused="/id: "),
        Text("an unpaired surrogate", "core Type System, String", _and(rb'"note":"\udead"'), refused="expected one JSON object"),
        Text("a pair of surrogates", "core Type System, String", _and(rb'"note":"\ud83d\ude00"'), {"note": "😀"}),
        *(Text(f"source {given}", "core source, RFC 3986 4.1", changed(source=given), {"source": given}, after=after)
          for given, after in (("#fragment", "conformance validRelativeSource"), ("1-555-123-4567", "core source"),
                               ("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "core source"), ("//host/a%20b", ""))),
        *(Text(f"source {given!r}", "core source, RFC 3986 2", changed(source=given), refused="/source: expected a URI reference")
          for given in ("/a b", "/<a>", "/a%2", "/é")),
        Text("an absolute dataschema", "core dataschema", changed(dataschema="https://lender.example/s#1"),
             {"dataschema": "https://lender.example/s#1"}, after="conformance validAllCoreAttributes"),
        Text("a relative dataschema", "core dataschema, Type System URI", changed(dataschema="/s"),
             refused="/dataschema: expected an absolute URI", after="sdk-go non absolute DataSchema"),
        Text("an attribute twice", "core Context Attributes", _and(b'"id":"other"'), refused="'id' stands twice"),
        Text("an attribute twice, one of them null", "core Context Attributes", _and(b'"id":null'), refused="'id' stands twice"),
        Text("an attribute twice, one of them beyond any number", "core Context Attributes", changed().replace(b'"id":', b'"id":1e400,"id":'), refused="expected one JSON object"),
        Text("data twice", "RFC 8259 4", _and(b'"data":' + DATA), refused="'data' stands twice"),
        Text("a name twice, once in escapes", "RFC 8259 4, 8.3", _and(rb'"\u0069d":"other:"'), refused="'id' stands twice"),
        Text("a field of data twice", "RFC 8259 4", changed().replace(b'"amount"', b'"amount": "1.00", "amount"'),
             refused="'amount' stands twice"),
        Text("a byte-order mark", "RFC 8259 8.1", b"\xef\xbb\xbf" + changed(), refused="without a byte-order mark"),
        Text("text that is no UTF-8", "RFC 8259 8.1", changed(id="caf-").replace(b"caf-", b"caf\xe9"), refused="expected one JSON object"),
        Text("a list", "json 3", b"[" + changed() + b"]", refused="expected a JSON object"),
    ]  # fmt: skip


def _extensions() -> list[Text]:
    name, value = "core Naming Conventions", "core Type System, json 2.2"
    words = {
        "exturi": "https://a.example",
        "exturiref": "//a/b",
        "exttimestamp": "2023-03-31T15:12:00Z",
        "extbinary": "TWE=",
    }
    whole = {"extinteger": 10, "extboolean": True, "extstring": "text", **words}
    return [
        Text("an extension of each type", value, changed(**whole), whole, after="conformance validAllExtensionTypes"),
        Text("the greatest whole numbers", value, changed(a=2**31 - 1, b=-(2**31)), {"a": 2**31 - 1, "b": -(2**31)}),
        Text("a whole number too great", value, changed(a=2**31), refused="/a: expected text"),
        Text("a number with a fraction", value, changed(a=1.5), refused="/a: expected text", after="conformance invalidNonIntegerExtensionValue"),
        Text("a whole number with a point", value, _and(b'"a":1.0'), refused="/a: expected text"),
        Text("a whole number with an exponent", value, _and(b'"a":1e2'), refused="/a: expected text"),
        Text("a number that is none", "RFC 8259 6", _and(b'"a":NaN'), refused="expected"),
        Text("an object", value, changed(a={}), refused="/a: expected text"),
        Text("a control character", value, changed(a="\x00"), refused="/a: expected text"),
        Text("no characters", value, changed(a=""), {"a": ""}),
        Text("a name of 20 characters", name, changed(comexampleextension1="x"), {"comexampleextension1": "x"}, after="json 3.2"),
        Text("a name of more than 20, which is only advised against", name, changed(comexampleextension12="x"), {"comexampleextension12": "x"},
             sdk=False),
        Text("a name that begins with a digit", name, changed(**{"1a": "x"}), {"1a": "x"}),
        Text("a name with a capital", name, changed(MyExtension="bad"), refused="expected an extension name", after="conformance invalidCapitalizedExtension"),
        Text("a name with a point", name, changed(**{"my.extension": "bad"}), refused="expected an extension name",
             after="conformance invalidPunctuatedExtension"),
        Text("a name with an underscore", name, changed(my_extension="bad"), refused="expected an extension name"),
        Text("no name", name, changed(**{"": "bad"}), refused="expected an extension name", after="sdk-go empty key"),
    ]  # fmt: skip


def _data() -> list[Text]:
    declared = "json 3.1.1"
    no_json = "/datacontenttype: expected a media type that declares JSON"
    return [
        *(Text(f"data declared as {given}", declared, changed(datacontenttype=given), after=after)
          for given, after in (("application/json", "sdk-go struct data v1.0"), ("Application/JSON", ""),
                               ("application/json; charset=utf-8", "sdk-javascript message_test"))),
        *(Text(f"data declared as {given}", declared, changed(datacontenttype=given), {"datacontenttype": given}, after=after)
          for given, after in (("text/json", ""), ("application/vnd.lender.v2+json", ""), ("application/ld+json; profile=x", ""),
                               (STRUCTURED, "sdk-go structured mode data v1.0"))),
        Text("an object declared as XML", "json 3.1.2", changed(datacontenttype="application/xml"), refused=no_json,
             after="sdk-go xml data v1.0"),
        Text("text declared as text", "json 3.1.2", changed(datacontenttype="text/plain", data="Simple text"), refused=no_json,
             after="conformance validSimpleTextData"),
        Text("JSON in a text declared as text", "json 3.1.2", changed(datacontenttype="text/plain", data=DATA.decode()), refused=no_json),
        Text("JSON in a text declared as JSON", "json 3.1.2, not to be read again", changed(datacontenttype="application/json", data=DATA.decode()),
             refused="/data: expected a JSON object", after="sdk-go string data v1.0"),
        Text("a list", "json 3.1.1; ours to require", changed(data=["a"]), refused="/data: expected a JSON object", after="sdk-go array data v1.0"),
        Text("null", "json 3.1.1, a payload and no absence", changed(data=None), refused="/data: expected a JSON object"),
        Text("no data", "core Event Data; ours to require", _without("data"), refused="/data: expected this field", after="sdk-go nil data v1.0"),
        Text("no media type", "core datacontenttype, RFC 2046", changed(datacontenttype="xyz"), refused=no_json,
             after="conformance invalidNonRfc2046DataContentType"),
        Text("JSON in base64", "json 3.1.2, core datacontenttype", _base64()),
        Text("JSON in base64, declared", "json 3.1.2", _base64(datacontenttype="application/json"), after="sdk-go base64 json encoded data v1.0"),
        Text("JSON in base64, declared with a suffix", "json 3.1.1, 3.1.2", _base64(datacontenttype="text/a+json"), {"datacontenttype": "text/a+json"}),
        Text("base64 in escapes of JSON", "RFC 8259 7", _base64().replace(b'"eyJ', rb'"\u0065yJ'), after="sdk-go escaped json string"),
        Text("null beside data", "json 2.2, as an attribute", changed(data_base64=None), sdk=False),
        Text("both", "json 3.1.1", changed(data_base64="e30="), refused="/data_base64: expected either data or data_base64",
             after="conformance invalidBothDataAndDataBase64"),
        Text("base64 declared as XML", "json 3.1.2", _base64(b"<a/>", datacontenttype="application/xml"), refused="expected",
             after="sdk-go base64 xml encoded data v1.0"),
        Text("base64 that is no JSON", "json 3.1.2", _base64(b"{"), refused="/data_base64: expected one JSON object"),
        Text("base64 in UTF-16", "RFC 8259 8.1", _base64(DATA.decode().encode("utf-16"), datacontenttype="application/json; charset=utf-16"),
             refused="expected JSON in UTF-8, got the charset 'utf-16'"),
        Text("base64 with a field twice", "RFC 8259 4", _base64(DATA[:-1] + b',"loan_id":"x"}'), refused="'loan_id' stands twice"),
        Text("base64 without its padding", "RFC 4648 3.2", _without("data", data_base64="e30"), refused="/data_base64: expected text in base64"),
        Text("base64 on two lines", "RFC 4648 3.1", _without("data", data_base64="e3\n0="), refused="/data_base64: expected text in base64"),
        Text("base64 of another alphabet", "RFC 4648 4", _without("data", data_base64="-_-_"), refused="/data_base64: expected text in base64"),
        Text("a number for base64", "json 3.1.1", _without("data", data_base64=1), refused="/data_base64: expected text in base64"),
    ]  # fmt: skip


TEXTS = [*_attributes(), *_times(), *_extensions(), *_data()]
