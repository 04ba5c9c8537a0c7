"""The kinds of value an event carries, each with the words a sender reads when it is wrong.

Every check runs inside pydantic's compiled core: a text pattern first, so that numbers passed as dates,
exponents, digits of other scripts and endless precision are all refused by the same sentence.
"""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, GetPydanticSchema
from pydantic_core import core_schema

from shared.events.checks import checked as _checked
from shared.events.checks import text as _text
from shared.events.currencies import CURRENCIES
from shared.events.moments import PLAIN, RFC_3339, read_moment

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)


class Dated(Enum):
    """Marks a field that is judged against its event's own time: see `shared.events.dates`."""

    VALUE = "value date"
    PERIOD = "period"
    CURRENCY = "currency"


def _dated(pattern: str, inner: core_schema.CoreSchema, expected: str, **json_schema: Any) -> GetPydanticSchema:
    schema = core_schema.chain_schema([core_schema.str_schema(pattern=pattern, strict=True), inner])
    return _checked(schema, expected, {"type": "string", "pattern": pattern, **json_schema})


# All but `.` and `..`, said without looking ahead, which the compiled core cannot.
IDENTIFIER = (
    r"^(?:[\x21-\x2d\x2f-\x7e][\x21-\x7e]{0,127}|\.[\x21-\x2d\x2f-\x7e][\x21-\x7e]{0,126}|\.\.[\x21-\x7e]{1,126})$"
)
Identifier = Annotated[
    str,
    _text(
        IDENTIFIER,
        "expected 1 to 128 visible ASCII characters without spaces, and not . or .. alone: no URL can hold those",
    ),
]
"""The lender's own number of a borrower, a loan or another lender: never a name.

It is part of URLs, where callers and proxies take `.` and `..` for directions, encoded or not. All else is reached on
every route, percent-encoded (`KE%2FNBO%2F0001`); a slash may stand as it is.
"""

WORD = r"^[^\x00-\x1f\x7f]{1,64}$"
WORD_EXPECTED = "1 to 64 characters, none of them a control character"
Word = Annotated[str, _text(WORD, f"expected {WORD_EXPECTED}")]
"""The lender's own word for where something belongs: a segment, a region, a branch. Rules name it as it comes."""

POSITIVE = r"^(?:[1-9][0-9]{0,13}(?:\.[0-9]{1,4})?|0\.(?:[1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$"
NOT_NEGATIVE = r"^(?:0|[1-9][0-9]{0,13})(?:\.[0-9]{1,4})?$"
_DECIMAL = 'as a decimal string, at most 14 digits before the point and 4 after it, such as "1250.00"'
SIGNED = r"^-?(?:0|[1-9][0-9]{0,13})(?:\.[0-9]{1,4})?$"
PositiveAmount = Annotated[str, _text(POSITIVE, f"expected an amount above zero {_DECIMAL}", examples=["1250.00"])]
Amount = Annotated[
    str, _text(NOT_NEGATIVE, f"expected an amount of zero or more {_DECIMAL}", examples=["0", "1250.00"])
]
SignedAmount = Annotated[str, _text(SIGNED, f"expected an amount {_DECIMAL}", examples=["1250.00", "-80.00"])]
"""Below zero where more was taken back than earned: credit notes over sales."""

Day = Annotated[
    date,
    _dated(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        core_schema.date_schema(strict=False, ge=FIRST_DAY, le=LAST_DAY),
        f'expected a calendar day from {FIRST_DAY} to {LAST_DAY}, such as "2026-03-31"',
        format="date",
    ),
]
"""A calendar day in the lender's time zone."""

ValueDate = Annotated[Day, Dated.VALUE]
"""A day as of which something counts; refused where it is far ahead of the event's own time."""

Month = Annotated[
    str,
    _text(r"^(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(?:0[1-9]|1[0-2])$",
          'expected a calendar month from 1970-01 to 2199-12, such as "2026-03"', examples=["2026-03"]),
]  # fmt: skip

Period = Annotated[Month, Dated.PERIOD]
"""A calendar month that is reported on; refused where it is far ahead of the event's own time."""

_BETWEEN = core_schema.datetime_schema(
    ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC), tz_constraint="aware", strict=False
)
Moment = Annotated[
    AwareDatetime,
    _checked(
        core_schema.union_schema(
            [
                core_schema.chain_schema([core_schema.str_schema(pattern=PLAIN, strict=True), _BETWEEN]),
                core_schema.chain_schema(
                    [
                        core_schema.str_schema(pattern=RFC_3339, max_length=1_000, strict=True),
                        core_schema.no_info_plain_validator_function(read_moment),
                        _BETWEEN,
                    ]
                ),
            ],
            mode="left_to_right",
        ),
        'expected an RFC 3339 time with its offset, from 1970 to 2199, such as "2026-03-31T09:30:00Z"',
        {"type": "string", "pattern": RFC_3339, "format": "date-time", "maxLength": 1_000},
    ),
]
"""Any time that RFC 3339 can write; what is beyond a microsecond is cut off."""

Currency = Annotated[
    str,
    _checked(
        core_schema.literal_schema(CURRENCIES),
        'expected an ISO 4217 currency code, such as "NGN"',
        {"type": "string", "enum": CURRENCIES},
    ),
    Dated.CURRENCY,
]
"""One that has ended (HRK) only in an event of its time, or of the year after."""


class EventData(BaseModel):
    """What an event says. A field nobody knows is refused: it is most often a misspelt one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
