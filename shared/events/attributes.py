"""The attributes of a CloudEvent besides `subject` and `time`, as its specification has them."""

from typing import Annotated, Any

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from shared.events.checks import checked, text
from shared.media_types import JSON_PATTERN

# CloudEvents' String: no control characters, no noncharacters. (An unpaired surrogate is no JSON to begin with.)
_NONCHARACTERS = r"\x{FDD0}-\x{FDEF}" + "".join(rf"\x{{{plane:X}FFFE}}\x{{{plane:X}FFFF}}" for plane in range(17))
_STRING = rf"^[^\x00-\x1f\x7f-\x9f{_NONCHARACTERS}]*$"
_SHOWN_STRING = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""As the schemas have it: readers of theirs differ on characters beyond U+FFFF."""


def _string(least: int, most: int) -> tuple[core_schema.CoreSchema, dict[str, Any]]:
    schema = core_schema.str_schema(pattern=_STRING, min_length=least, max_length=most, strict=True)
    shown = {"type": "string", "pattern": _SHOWN_STRING, "maxLength": most}
    return schema, {**shown, "minLength": least} if least else shown


EVENT_ID_LENGTH = 200
EventId = Annotated[
    str,
    checked(
        _string(1, EVENT_ID_LENGTH)[0],
        f"expected 1 to {EVENT_ID_LENGTH} characters, none of them a control character or a noncharacter of Unicode",
        _string(1, EVENT_ID_LENGTH)[1],
    ),
]
"""CloudEvents' `id`, and wherever one is spoken of."""

_URI_CHARACTER = r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_URI_RULE = "letters, digits and the marks of RFC 3986, all else percent-encoded"


def _uri(pattern: str, most: int, expected: str) -> GetPydanticSchema:
    schema = core_schema.str_schema(pattern=pattern, max_length=most, strict=True)
    return checked(schema, expected, {"type": "string", "pattern": pattern, "maxLength": most})


Source = Annotated[
    str, _uri(rf"^{_URI_CHARACTER}+$", 200, f"expected a URI reference of 1 to 200 characters: {_URI_RULE}")
]
DataSchema = Annotated[
    str | None,
    _uri(
        rf"^[A-Za-z][A-Za-z0-9+.-]*:{_URI_CHARACTER}+$",
        500,
        f'expected an absolute URI of at most 500 characters, such as "https://lender.example/schema": {_URI_RULE}',
    ),
]
DataContentType = Annotated[
    str | None,
    checked(
        core_schema.str_schema(pattern=JSON_PATTERN, max_length=200, strict=True),
        'expected a media type that declares JSON, */json or */*+json, such as "application/json"',
        {"type": "string", "pattern": JSON_PATTERN, "maxLength": 200},
    ),
]

EXTENSION_NAME = r"^[a-z0-9]{1,64}$"
"""CloudEvents forbids all but lower-case letters and digits; more than 20 of them it only advises against."""
ExtensionName = Annotated[
    str,
    text(EXTENSION_NAME, "expected an extension name of 1 to 64 lower-case letters and digits"),
]

_EXTENSION = core_schema.union_schema([
    _string(0, 256)[0],
    core_schema.bool_schema(strict=True),
    core_schema.int_schema(strict=True, ge=-(2**31), lt=2**31),
])  # fmt: skip

ExtensionValue = Annotated[
    str | bool | int,
    checked(
        _EXTENSION,
        "expected text of at most 256 characters, none of them a control character, true, false or a whole number of"
        " 32 bits",
        {"anyOf": [
            _string(0, 256)[1],
            {"type": "boolean"},
            {"type": "integer", "minimum": -(2**31), "exclusiveMaximum": 2**31},
            {"type": "null"},
        ]},
    ),
]  # fmt: skip
"""An attribute that is null is not there, says CloudEvents' JSON format; `accept` leaves it out before it looks."""
