"""A schedule of instalments, as more than one event of a loan carries it."""

from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema

from shared.events.fields import Amount, Day, EventData

_TEXT, _NUMBERS = r"^[\x21-\x7e]{1,64}$", range(10**9)
_SPOKEN = core_schema.custom_error_schema(
    core_schema.union_schema([
        core_schema.str_schema(pattern=_TEXT, strict=True),
        core_schema.int_schema(strict=True, ge=_NUMBERS.start, lt=_NUMBERS.stop),
    ]),
    custom_error_type="expected",
    custom_error_message="expected a number from 0 to 999999999, or 1 to 64 visible ASCII characters without spaces",
)  # fmt: skip

InstallmentId = Annotated[
    str | int,
    GetPydanticSchema(
        lambda _source, _handler: _SPOKEN,
        lambda _core, _handler: {
            "anyOf": [
                {"type": "string", "pattern": _TEXT},
                {"type": "integer", "minimum": _NUMBERS.start, "exclusiveMaximum": _NUMBERS.stop},
            ]
        },
    ),
]
"""Which instalment of its loan: 1 and "1" are the same."""


class Instalment(EventData):
    """One payment of a schedule; one of 0 owes nothing."""

    due_date: Day
    amount: Amount
    installment: Annotated[
        InstallmentId | None,
        Field(description="Which one it is, so that it can be moved; without it the due date says so"),
    ] = None


def _told_apart(schedule: list[Instalment]) -> list[Instalment]:
    named = Counter(str(each.installment) for each in schedule if each.installment is not None)
    if named and max(named.values()) > 1:
        raise PydanticCustomError("expected", "expected each installment of the schedule once")
    days = Counter(each.due_date for each in schedule)
    if any(days[each.due_date] > 1 for each in schedule if each.installment is None):
        raise PydanticCustomError(
            "expected",
            "expected each due_date of the schedule once; add up what is due on one day, or give each an installment",
        )
    return schedule


Schedule = Annotated[list[Instalment], Field(max_length=600), AfterValidator(_told_apart)]
"""Instalments that an identity or their day tells apart."""
