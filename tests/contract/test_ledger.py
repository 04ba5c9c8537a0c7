"""What docs/ledger.md says is so: its examples are played day by day, and its remarks are all there are."""

import re
from collections.abc import Iterator
from datetime import date
from textwrap import indent
from typing import NamedTuple

import pytest
import yaml

from deploy.local.processes import ROOT
from services.warning.core import borrower as borrowers
from services.warning.core.borrower import Borrower
from services.warning.core.calendar import Calendar
from services.warning.core.changes import Change
from services.warning.core.engine import Engine
from services.warning.core.facts.ledger import REMARKS
from services.warning.core.indicators import CATALOGUE
from services.warning.core.records import Event
from services.warning.core.rules.loading import load_ruleset
from services.warning.settings import SHIPPED_RULESET
from shared.events import DATA_MODELS

PAGE = (ROOT / "docs/ledger.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
CALENDAR = Calendar("UTC")
ENGINE = Engine(load_ruleset(SHIPPED_RULESET.read_text("utf-8")), CALENDAR)
AS_OF_A_RULE = """
ruleset: page
rules:
  - id: late
    family: repayment
    measure: days_past_due
    above: {blue: 1}
    examples:
      - name: of the page
        changes: []
        events:
"""
"""Its events are written as a rule's examples are, and read by their reader."""


class Case(NamedTuple):
    """An example of the page."""

    events: tuple[Event, ...]
    counts: dict[date, int]
    changes: list[str]
    until: date


def _case(block: str) -> Case:
    events, rest = re.split(r"^(?=days_past_due:)", block, flags=re.MULTILINE)
    said = yaml.safe_load(rest)
    listed = indent(events.removeprefix("events:\n"), " " * 10)
    (rule,) = load_ruleset(AS_OF_A_RULE + listed).rules
    until = said.get("until", max(said["days_past_due"]))
    return Case(rule.examples[0].events, said["days_past_due"], said["changes"], until)


def _midnight(day: date) -> int:
    return CALENDAR.midnight(day.toordinal())


def _played(case: Case, changes: list[Change]) -> Iterator[tuple[date, Borrower]]:
    """The borrower at 00:00 of each day that the example asks for, and at its end."""
    borrower, events = borrowers.new("B1"), list(case.events)
    for day in sorted({*case.counts, case.until}):
        while events and events[0].time < _midnight(day):
            assert ENGINE.decide(borrower, events.pop(0), 0, changes) == "applied"
        ENGINE.advance(borrower, _midnight(day), changes)
        yield day, borrower
    assert not events, "the example's last day comes after its events"


def _said(change: Change) -> str:
    level = change.level or change.previous_level
    return " ".join(filter(None, (change.at[:10], change.kind, level, change.reason)))


@pytest.mark.parametrize("block", BLOCKS, ids=[str(number) for number in range(1, len(BLOCKS) + 1)])
def test_every_example_comes_out_as_it_says(block: str) -> None:
    case, changes = _case(block), list[Change]()
    counted = {}
    for day, borrower in _played(case, changes):
        found = CATALOGUE["days_past_due"].value(borrower.facts, CALENDAR.on_due(_midnight(day)), ENGINE.terms)
        counted[day] = found
    assert {day: counted[day] for day in case.counts} == case.counts
    assert [_said(each) for each in changes] == case.changes


def test_every_event_of_a_loan_has_its_section_with_an_example() -> None:
    sections = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
    events = {each for each in DATA_MODELS if each.split(".")[0] in ("loan", "installment", "repayment")}

    assert events <= sections.keys()
    assert all("```yaml" in sections[each] for each in events)


def test_every_remark_there_is_stands_in_its_table_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)

    assert sorted(rows) == sorted(REMARKS)


def test_every_section_it_leads_to_is_there() -> None:
    titles = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    headings = {re.sub(r"[^a-z0-9_ -]", "", each.lower()).replace(" ", "-") for each in titles}

    assert set(re.findall(r"\]\(#([a-z_-]+)\)", PAGE)) == headings
