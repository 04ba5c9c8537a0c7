"""What an indicator is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.rules.ruleset import Materiality, Ruleset

Unit = Literal["days", "months", "ratio", "lenders"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a reading depends on besides the facts: the lender's calendar and its idea of a material amount."""

    calendar: Calendar
    materiality: Materiality
    by_kind: Mapping[str, Materiality]

    @classmethod
    def of(cls, ruleset: Ruleset, calendar: Calendar) -> "Terms":
        """The terms a ruleset sets."""
        return cls(calendar, ruleset.materiality, ruleset.materiality_by_kind)

    def materiality_for(self, kind: str | None) -> Materiality:
        """What is material for a kind of borrower."""
        return self.by_kind.get(kind or "", self.materiality) if self.by_kind else self.materiality


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A value as of some moment, and what it came from."""

    value: float | int
    loan_id: str | None = None
    items: tuple[int, ...] = ()
    """Hashes of contributing events."""
    window: tuple[int, int] | None = None
    """First and last day looked at."""


Value = Callable[[Any, AsOf, Terms], float | int | None]
"""(facts, as of, terms) -> the number alone, or None where the facts do not say: absent, never zero."""

Measure = Callable[[Any, AsOf, Terms], Reading | None]
"""(facts, as of, terms) -> the same number with what it came from. Asked only where something is told of it."""

NextChange = Callable[[Any, AsOf, Terms, float | None, float | None], int | None]
"""(facts, as of, terms, up, down) -> a moment after `at`, no later than the first at which, without another event, the
value may move to `up` or more, or to `down` or less (a bound that is None matters to nobody). None: it never will.
Too early costs a look; too late loses a warning."""


Why = Callable[[Any, AsOf, Terms, str | None, AsOf], str | None]
"""(facts, as of, terms, the loan that a warning names, when it was raised) -> why the value is better now, in one word,
where nobody paid: the loan was rescheduled, or written off. None: there is no such reason."""


def nothing_but_better(_facts: Any, _as_of: AsOf, _terms: Terms, _loan: str | None, _raised: AsOf) -> str | None:
    """Why of an indicator that has no such reasons."""
    return None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number a rule may measure."""

    name: str
    unit: Unit
    whole: bool
    """True: an integer (CEL int); False: a CEL double."""
    meaning: str
    source: str
    reads: frozenset[str]
    """Families of facts it depends on."""
    value: Value
    measure: Measure
    next_change: NextChange
    absent_when: str
    """What is missing where it has no value, in words for the risk officer."""
    per_loan: bool = False
    """Over a ledger of one loan it is that loan's own, and of every loan at rest the same as of a loan nobody spoke of:
    see `by_loan.py`."""
    why: Why = nothing_but_better


def only_by_events(_facts: Any, _as_of: AsOf, _terms: Terms, _up: float | None, _down: float | None) -> int | None:
    """NextChange of an indicator that time alone never moves."""
    return None


def earliest(moments: Sequence[int | None]) -> int | None:
    """The first of some moments, any of which may be missing."""
    return min((each for each in moments if each is not None), default=None)
