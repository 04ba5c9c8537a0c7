"""A ruleset, loaded and checked: what the engine evaluates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple, Protocol

from services.warning.core.records import Event

LEVELS = ("blue", "yellow", "orange", "red")
"""From the mildest; a level's number is its place here."""

Direction = Literal["above", "below"]
Subject = Literal["borrower", "loan"]


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds a measure may cross, mildest level first. `above`: threshold or more; `below`: threshold or less."""

    direction: Direction
    steps: tuple[tuple[float, int], ...]
    """(threshold, level number), mildest first."""

    def level(self, value: float) -> int | None:
        """The highest level whose threshold the value has crossed."""
        crossed = None
        above = self.direction == "above"
        for threshold, level in self.steps:
            if value < threshold if above else value > threshold:
                break
            crossed = level
        return crossed

    def threshold(self, level: int) -> float:
        """The threshold of one of its levels."""
        return next(threshold for threshold, each in self.steps if each == level)

    @property
    def mildest(self) -> int:
        """The lowest level it has."""
        return self.steps[0][1]


@dataclass(frozen=True, slots=True)
class Clear:
    """What ends a warning: no band hit, `threshold` (if any) crossed the other way, for `after` microseconds."""

    direction: Direction | None
    threshold: float | None
    after: int

    def holds(self, value: float) -> bool:
        """Whether the measure has come back far enough."""
        if self.threshold is None:
            return True
        return value >= self.threshold if self.direction == "above" else value <= self.threshold


class Expression(Protocol):
    """A CEL expression over indicators."""

    source: str
    names: tuple[str, ...]
    """Indicators it reads."""

    def evaluate(self, values: Mapping[str, float | int | None]) -> Any:
        """Its value; None where what decides is unknown: an indicator that is None, a division by zero."""


class Expected(NamedTuple):
    """A change an example expects: the day in UTC, the kind, and the level reached, or the one that ended."""

    on: date
    kind: str
    level: str
    loan: str | None = None
    """Which loan it names; None where the example does not say."""


@dataclass(frozen=True, slots=True)
class Example:
    """A case a rule's author thought of: it fires where `changes` has something, else it stays quiet."""

    name: str
    events: tuple[Event, ...]
    until: date | None
    """Time passes up to 00:00 of this day after the last event."""
    changes: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    family: str
    measure: str | Expression
    """An indicator's name, or an expression."""
    unit: str
    bands: Bands
    given: Expression | None
    hold: int
    """Microseconds a band must be hit before it counts; 0: at once."""
    clear: Clear | None
    segments: Mapping[str, Bands]
    text: Mapping[str, str]
    """`en` and `zh`, with the placeholders {value}, {loan}, {borrower} and {level}."""
    source: str
    examples: tuple[Example, ...] = ()
    per: Subject = "borrower"
    """Whom one warning is of."""

    @property
    def per_loan(self) -> bool:
        """Whether each loan has a warning of its own."""
        return self.per == "loan"

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every indicator it reads."""
        measured = (self.measure,) if isinstance(self.measure, str) else self.measure.names
        return (*measured, *(self.given.names if self.given else ()))


MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Materiality:
    """When an amount overdue counts: it must exceed both legs."""

    absolute: int = 100
    """Ten-thousandths of the loan's currency: 0.01."""
    relative: int = 0
    """Millionths of what the loan still owes, so that an amount on the limit is judged exactly."""
    grace_days: int = 0
    """Days taken off the count of days past due."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A name, a version and rules. `digest` is the SHA-256 of what it says, in hex."""

    name: str
    version: str
    digest: str
    rules: tuple[Rule, ...]
    materiality: Materiality = field(default_factory=Materiality)
    materiality_by_kind: Mapping[str, Materiality] = field(default_factory=dict)
    """Overrides for `individual` or `enterprise` borrowers."""
