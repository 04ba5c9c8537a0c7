"""Events as HTTP requests and as Kafka records, one case a line."""
# ruff: noqa: E501

from tests.contract.ingest.cloudevents.cases import BATCHED, DATA, EVENT, STRUCTURED, Message, changed


def attributes(prefix: str, **changes: str | None) -> list[tuple[str, str]]:
    """EVENT's attributes as headers; None leaves one out."""
    named = {name: value for name, value in EVENT.items() if name != "data"} | changes
    return [(f"{prefix}{name}", value) for name, value in named.items() if value is not None]


def _typed(content_type: str, *others: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Content-Type", content_type), *others]


def _http() -> list[Message]:
    binary, json_ = attributes("ce-"), "application/json"
    encoded = "http 3.1.3.2"
    said = "expected Content-Type"
    return [
        *(Message(f"structured: {given}", "http 3.2.1, RFC 9110 8.3.1", _typed(given), changed(), after=after)
          for given, after in ((STRUCTURED, "conformance"), (f"{STRUCTURED}; charset=utf-8", "conformance"),
                               ("Application/CloudEvents+JSON;Charset=UTF-8", ""), (f'{STRUCTURED} ; charset="utf-8"; x=y', ""),
                               (f"{STRUCTURED}; charset=us-ascii", ""))),
        Message("structured, with headers that say other things", "http 3.2.3", _typed(STRUCTURED, *attributes("ce-", id="other")), changed()),
        Message("structured, in another charset", "RFC 8259 8.1", _typed(f"{STRUCTURED}; charset=utf-16"), changed().decode().encode("utf-16"),
                refused=f"{said} one in UTF-8", status=415),
        Message("another event format", "http 3", _typed("application/cloudevents+avro"), b"\x00", refused=said, status=415),
        Message("no event format", "http 3.2.1", _typed("application/cloudevents"), changed(), refused=said, status=415),
        Message("a batch where one event is expected", "http 3.3.1", _typed(BATCHED), b"[]", refused=said, status=415),
        Message("two content types", "RFC 9110 5.3, 8.3", _typed(STRUCTURED, ("Content-Type", json_)), changed(),
                refused="expected one Content-Type", status=415),
        *(Message(f"binary: {given}", "http 3.1.1, json 3.1.1", _typed(given, *binary), DATA, after=after)
          for given, after in ((json_, "conformance"), (f"{json_}; charset=utf-8", "conformance"), ("Application/JSON; charset=utf-8", ""))),
        Message("binary: application/vnd.lender+json", "http 3.1.1", _typed("application/vnd.lender+json", *binary), DATA,
                {"datacontenttype": "application/vnd.lender+json"}),
        Message("binary, without a content type", "RFC 9110 8.3, to be looked at", binary, DATA),
        Message("binary: XML", "http 3.1.1", _typed("text/xml", *binary), b"<a/>", refused=said, status=415),
        Message("binary, in another charset", "RFC 8259 8.1", _typed(f"{json_}; charset=iso-8859-1", *binary), DATA, refused=said, status=415),
        Message("JSON without an attribute", "http 3", _typed(json_), DATA, refused=said, status=415),
        Message("names in capitals", "http 3.1.3.1", _typed(json_, *((name.upper(), value) for name, value in binary)), DATA),
        Message("an attribute twice", "core Context Attributes", _typed(json_, *binary, ("CE-ID", "other")), DATA,
                refused="expected the header ce-id once", status=400),
        Message("an attribute missing", "core REQUIRED Attributes", _typed(json_, *attributes("ce-", id=None)), DATA,
                refused="/id: expected this field", status=400),
        Message("datacontenttype as a header", "http 3.1.1", _typed(json_, *binary, ("ce-datacontenttype", json_)), DATA,
                refused="expected no attribute 'datacontenttype'", status=400),
        Message("data as a header", "core Naming Conventions", _typed(json_, *binary, ("ce-data", "x")), DATA,
                refused="expected no attribute 'data'", status=400),
        Message("data in base64 as a header", "core Naming Conventions", _typed(json_, *binary, ("ce-data_base64", "e30=")), DATA,
                refused="expected no attribute 'data_base64'", status=400),
        Message("a name with a hyphen", "core Naming Conventions", _typed(json_, *binary, ("ce-my-extension", "x")), DATA,
                refused="expected an extension name", status=400),
        *(Message(f"{given} for {meant!r}", encoded, _typed(json_, *attributes("ce-", id=given)), DATA, {"id": meant}, after=after)
          for given, meant, after in (("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀", "http 3.1.3.2"), ("%e2%82%ac", "€", ""),
                                      ("%41%2f", "A/", ""), ("%2525", "%25", ""), ('"a \\"b\\" \\\\"', 'a "b" \\', ""), ("100%", "100%", ""))),
        *(Message(f"{given}, no UTF-8", encoded, _typed(json_, *attributes("ce-", id=given)), DATA, refused="expected the header ce-id in UTF-8",
                  status=400, after="http 3.1.3.2") for given in ("%C0%A0", "%FF", "%ED%A0%80")),
        Message("a control character in escapes", "core Type System", _typed(json_, *attributes("ce-", id="a%0Ab")), DATA,
                refused="/id: expected 1 to 200 characters", status=400),
        Message("a body that goes on after the data", "http 3.1.2", _typed(json_, *binary), DATA + b',"note":"x"', refused="/data: expected", status=400),
        Message("a body with a byte-order mark", "RFC 8259 8.1", _typed(json_, *binary), b"\xef\xbb\xbf" + DATA, refused="byte-order mark", status=400),
        Message("a body with a field twice", "RFC 8259 4", _typed(json_, *binary), DATA[:-1] + b',"loan_id":"x"}',
                refused="'loan_id' stands twice", status=400),
        Message("no body", "core Event Data; ours to require", _typed(json_, *binary), b"", refused="/data: expected", status=400),
    ]  # fmt: skip


HTTP = _http()


def _kafka() -> list[Message]:
    binary, json_ = attributes("ce_"), ("content-type", "application/json")
    return [
        *(Message(f"structured: {given}", "kafka 3.3.1", [("content-type", given)], changed(), after="conformance")
          for given in (STRUCTURED, f"{STRUCTURED}; charset=UTF-8", "Application/CloudEvents+JSON")),
        Message("structured, with headers that say other things", "kafka 3.3.3", [("content-type", STRUCTURED), *attributes("ce_", id="other")], changed()),
        Message("structured, in another charset", "RFC 8259 8.1", [("content-type", f"{STRUCTURED}; charset=utf-16")], changed(), refused="in UTF-8"),
        Message("another event format", "kafka 3", [("content-type", "application/cloudevents+avro"), *binary], DATA, refused="the one event format"),
        Message("a batch", "kafka 1.3, not supported there", [("content-type", BATCHED)], b"[]", refused="the one event format"),
        Message("binary", "kafka 3.2.1", [json_, *binary], DATA, after="conformance"),
        Message("binary, with a parameter", "kafka 3.2.1", [("content-type", "Application/JSON; charset=utf-8"), *binary], DATA),
        Message("binary, with a suffix", "kafka 3.2.1", [("content-type", "a/b+json"), *binary], DATA, {"datacontenttype": "a/b+json"}),
        Message("binary, without a content type", "kafka 3, binary by default", binary, DATA),
        Message("binary: Avro", "kafka 3.2.1", [("content-type", "application/avro"), *binary], b"\x00", refused="got 'application/avro'"),
        Message("two content types", "core Context Attributes", [json_, ("content-type", STRUCTURED), *binary], DATA, refused="content-type once"),
        Message("any script, plainly", "kafka 3.2.3", [json_, *attributes("ce_", id="借款%20")], DATA, {"id": "借款%20"}),
        Message("a name in capitals", "core Naming Conventions", [json_, *binary, ("ce_Note", "x")], DATA, refused="expected an extension name"),
        Message("datacontenttype as a header", "kafka 3.2.1", [json_, *binary, ("ce_datacontenttype", "a/json")], DATA, refused="'datacontenttype'"),
        Message("data in base64 as a header", "core Naming Conventions", [json_, *binary, ("ce_data_base64", "e30=")], DATA, refused="'data_base64'"),
    ]  # fmt: skip


KAFKA = _kafka()
