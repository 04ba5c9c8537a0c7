"""Runs a rule's examples through the engine and says where they come out otherwise than expected."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest

from services.warning.core import borrower as borrowers
from services.warning.core.calendar import Calendar
from services.warning.core.changes import Change
from services.warning.core.engine import Engine
from services.warning.core.rules.examples import BORROWER
from services.warning.core.rules.ruleset import Example, Expected, Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Failure:
    """An example of a rule, what it expects, and what came."""

    rule: str
    example: str
    expected: tuple[Expected, ...]
    found: tuple[Expected, ...]

    def __str__(self) -> str:
        return (
            f"rule {self.rule}, example {self.example!r}:\n  expected {_listed(self.expected)}\n  got      "
            f"{_listed(self.found)}"
        )


def failures(ruleset: Ruleset) -> list[Failure]:
    """The examples that do not hold, in the order of the ruleset."""
    outcomes = [(rule, each, play(ruleset, rule, each)) for rule in ruleset.rules for each in rule.examples]
    return [Failure(rule.id, each.name, each.changes, found) for rule, each, found in outcomes if found != each.changes]


def play(ruleset: Ruleset, rule: Rule, example: Example) -> tuple[Expected, ...]:
    """What the rule says to the example's events; the ruleset's other rules are left out."""
    calendar = Calendar("UTC")
    engine = Engine(replace(ruleset, rules=(rule,)), calendar)
    borrower = borrowers.new(BORROWER)
    changes: list[Change] = []
    for event in example.events:
        engine.decide(borrower, event, 0, changes)
    if example.until is not None:
        engine.advance(borrower, calendar.midnight(example.until.toordinal()), changes)
    wanted = zip_longest(changes, example.changes[: len(changes)])
    return tuple(_shown(change, named=expected is None or expected.loan is not None) for change, expected in wanted)


def _shown(change: Change, *, named: bool) -> Expected:
    """The change as an example would have it; with its loan where the example names one in its place."""
    level = change.level or change.previous_level
    assert level is not None, "a change has a level before or after it"
    return Expected(datetime.fromisoformat(change.at).date(), change.kind, level, change.loan_id if named else None)


def _listed(changes: tuple[Expected, ...]) -> str:
    said = [f"{each.kind} {each.level} on {each.on}" + (f" of {each.loan}" if each.loan else "") for each in changes]
    return ", ".join(said) or "no change"
