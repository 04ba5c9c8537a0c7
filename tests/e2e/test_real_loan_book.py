"""The real loan book, replayed: the figures of its description, counted from the warning changes alone."""

import csv
import gzip
import subprocess
import sys
from collections import defaultdict
from typing import Any, NamedTuple

import msgspec
import pytest

from deploy.local.processes import ROOT
from tests.shared_data import PERF, PREVLOANS, needs_superlender

pytestmark = needs_superlender

RULESET = """
ruleset: superlender
rules:
  - id: missed_payment
    family: repayment
    measure: days_past_due
    per: loan
    above: {yellow: 1, orange: 7, red: 30}
    text: {en: "Loan {loan} is {value} past due.", zh: "贷款 {loan} 已逾期 {value}。"}
    source: the description of the loan book
"""
DAY_OF = {"yellow": 1, "orange": 7, "red": 30}


class Loan(NamedTuple):
    """One earlier loan, as the book has it: all but its id and its place is left to the engine."""

    borrower: str
    number: int


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("superlender")
    events, ruleset, out = folder / "events.ndjson", folder / "ruleset.yaml", folder / "out"
    ruleset.write_text(RULESET, encoding="utf-8")
    _run("services.ingest", "convert", "superlender", str(PREVLOANS), str(PERF), "--out", str(events))
    replay = ("replay", str(events), "--ruleset", str(ruleset), "--time-zone", "Africa/Lagos", "--out", str(out))
    _run("services.warning", *replay)
    return [msgspec.json.decode(line) for line in (out / "changes.ndjson").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def earlier() -> dict[str, Loan]:
    with gzip.open(PREVLOANS, "rt") as file:
        rows = list(csv.DictReader(file))
    return {row["systemloanid"]: Loan(row["customerid"], int(row["loannumber"])) for row in rows}


@pytest.fixture(scope="module")
def reached(changes: list[dict[str, Any]], earlier: dict[str, Loan]) -> dict[str, int]:
    """By earlier loan: the worst day past due at which a change names it."""
    worst: defaultdict[str, int] = defaultdict(int)
    for each in changes:
        if each["level"] and each["loan_id"] in earlier:
            worst[each["loan_id"]] = max(worst[each["loan_id"]], DAY_OF[each["level"]])
    return worst


@pytest.mark.parametrize(("day", "loans"), [(1, 3_390), (7, 1_349), (30, 143)])
def test_as_many_loans_are_named_at_each_day_as_the_ledger_of_the_book(
    reached: dict[str, int], day: int, loans: int
) -> None:
    assert sum(worst >= day for worst in reached.values()) == loans


@pytest.mark.parametrize(("day", "borrowers"), [(7, 929), (1, 1_797)])
def test_as_many_borrowers_are_warned_before_their_final_loan(
    reached: dict[str, int], earlier: dict[str, Loan], day: int, borrowers: int
) -> None:
    assert len({earlier[loan_id].borrower for loan_id, worst in reached.items() if worst >= day}) == borrowers


def test_as_many_borrowers_are_warned_by_their_latest_earlier_loan(
    reached: dict[str, int], earlier: dict[str, Loan]
) -> None:
    latest: dict[str, tuple[int, str]] = {}
    for loan_id, loan in earlier.items():
        latest[loan.borrower] = max(latest.get(loan.borrower, (0, "")), (loan.number, loan_id))
    assert sum(reached.get(loan_id, 0) >= 7 for _, loan_id in latest.values()) == 443


def test_no_change_id_comes_twice(changes: list[dict[str, Any]]) -> None:
    assert len({each["change_id"] for each in changes}) == len(changes)
