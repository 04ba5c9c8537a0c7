"""What was said of one loan, word by word, for the loans of which the order of words matters.

Everything here is stored by place: a new field goes last, with a default.
"""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from services.warning.core.calendar import DAY, EPOCH_DAY
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.ledger.reading import DueAmount

Waived = tuple[int, str, int]
"""(first day of the plan, slot in it, amount): so much of an instalment is owed no more."""
NEVER_BEGUN = -2
"""Of a Lent of which the words before it still tell whether it began a cycle."""


class Word(msgspec.Struct, array_like=True, gc=False):
    """Who said it when. `key` is (source, id) as one text, empty once it is too old for a tie."""

    RANK: ClassVar[int] = 0

    time: int
    key: str
    hash: int

    @property
    def order(self) -> tuple[int, int, str]:
        """Later words are greater. Of one time a plan comes first, its instalments then, and what settles it last."""
        return self.time, self.RANK, self.key


class Lent(Word, array_like=True, tag=0, gc=False):
    """loan.disbursed."""

    currency: str
    principal: int
    product: str | None
    schedule: list[tuple[int, int]]
    """(due day, amount)."""
    names: list[str]
    """The instalments' identities, place by place, "" where one has none; no list at all where nobody has one."""
    begin: int = NEVER_BEGUN
    """When the cycle began that it tells of, once the words before it may be forgotten; -1: the first one, always."""
    first_day: int = 0
    lacks: list[int] | None = None
    """Days that it should have repeated, once the words before it may be forgotten."""

    @property
    def day(self) -> int:
        """The day it was booked on, in UTC: near enough for what had fallen due by then."""
        return self.time // DAY + EPOCH_DAY


class Fell(Word, array_like=True, tag=1, gc=False):
    """installment.due. `name` is empty where its day is its identity."""

    RANK: ClassVar[int] = 1

    name: str
    day: int
    amount: int
    currency: str


class Replanned(Word, array_like=True, tag=2, gc=False):
    """loan.rescheduled."""

    day: int
    """The day it takes effect."""
    begin: int
    """That day's 00:00."""
    currency: str
    difficulty: bool
    schedule: list[tuple[int, int]]
    names: list[str]
    waived: list[Waived] | None = None
    """What it settled of plans before it, once nothing earlier can arrive; None until then."""


class Settled(Word, array_like=True, tag=3, gc=False):
    """loan.closed, or loan.written_off where there is an `amount`."""

    RANK: ClassVar[int] = 2

    day: int
    moment: int
    amount: int = -1
    """What was written off."""
    currency: str | None = None
    waived: list[Waived] | None = None


AnyWord = Lent | Fell | Replanned | Settled


def scheduled(schedule: Iterable[DueAmount]) -> tuple[list[tuple[int, int]], list[str]]:
    """(due day, amount) of each instalment, and their identities where some have one."""
    found = list(schedule)
    items = [(each.due_date.toordinal(), ten_thousandths(each.amount)) for each in found]
    named = any(each.installment is not None for each in found)
    return items, ["" if each.installment is None else str(each.installment) for each in found] if named else []


def slot_of(name: str, day: int) -> str:
    """What tells an instalment from the others of its plan: its identity, else its day."""
    return f"#{name}" if name else str(day)
