"""The real loan book, converted by the command and counted by a ledger as naive as can be."""

import csv
import gzip
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from deploy.local.processes import ROOT
from tests.shared_data import PERF, PREVLOANS, needs_superlender

pytestmark = needs_superlender
LAGOS = ZoneInfo("Africa/Lagos")
DAY = timedelta(days=1)
TOLERANCE = Decimal("0.01")


@dataclass
class Loan:
    """One earlier loan, day by day from its disbursement to its closing."""

    borrower: str
    disbursed: date
    dues: list[tuple[date, Decimal]]
    payments: list[tuple[date, Decimal]] = field(default_factory=list)
    closed: date = date.max

    def days_past_due(self, day: date) -> int:
        """At 00:00, before any payment of that day."""
        paid = sum((amount for when, amount in self.payments if when < day), Decimal())
        for due, amount in sorted(self.dues):
            paid -= amount
            if paid < -TOLERANCE:
                return max(0, (day - due).days)
        return 0

    def history(self) -> dict[date, int]:
        """Its days past due on each day it had any."""
        days = (self.disbursed + number * DAY for number in range((self.closed - self.disbursed).days + 1))
        return {day: late for day in days if (late := self.days_past_due(day))}


def _loans(events: Iterable[dict[str, Any]]) -> dict[str, Loan]:
    loans: dict[str, Loan] = {}
    for event in events:
        data = event["data"]
        match event["type"]:
            case "loan.disbursed":
                dues = [(date.fromisoformat(each["due_date"]), Decimal(each["amount"])) for each in data["schedule"]]
                day = datetime.fromisoformat(event["time"]).astimezone(LAGOS).date()
                loans[data["loan_id"]] = Loan(event["subject"], day, dues)
            case "repayment.received":
                payment = date.fromisoformat(data["value_date"]), Decimal(data["amount"])
                loans[data["loan_id"]].payments.append(payment)
            case "loan.closed":
                loans[data["loan_id"]].closed = date.fromisoformat(data["closed_on"])
    return {loan_id: loan for loan_id, loan in loans.items() if loan.closed < date.max}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("superlender") / "events.ndjson"
    arguments = ["convert", "superlender", str(PREVLOANS), str(PERF), "--out", str(out)]
    subprocess.run([sys.executable, "-m", "services.ingest", *arguments], cwd=ROOT, check=True)
    return [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def loans(events: list[dict[str, Any]]) -> dict[str, Loan]:
    return _loans(events)


@pytest.fixture(scope="module")
def histories(loans: dict[str, Loan]) -> dict[str, dict[date, int]]:
    return {loan_id: history for loan_id, loan in loans.items() if (history := loan.history())}


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def test_every_loan_is_there_and_the_order_is_by_time(events: list[dict[str, Any]], loans: dict[str, Loan]) -> None:
    assert len(loans) == len(_rows(PREVLOANS)) == 18_183
    assert sum(each["type"] == "loan.disbursed" for each in events) == 18_183 + len(_rows(PERF))
    times = [each["time"] for each in events]
    assert times == sorted(times)
    assert len({(each["source"], each["id"]) for each in events}) == len(events)


@pytest.mark.parametrize(("day", "expected"), [(1, 3_390), (7, 1_349), (30, 143)])
def test_as_many_loans_are_late_as_the_books_description_says(
    histories: dict[str, dict[date, int]], day: int, expected: int
) -> None:
    assert sum(max(history.values()) >= day for history in histories.values()) == expected


def test_all_loans_but_one_are_at_some_time_their_borrowers_latest(
    loans: dict[str, Loan], histories: dict[str, dict[date, int]]
) -> None:
    latest: dict[str, dict[date, int]] = defaultdict(dict)
    for loan_id, history in histories.items():
        worst = latest[loans[loan_id].borrower]
        for day, late in history.items():
            worst[day] = max(late, worst.get(day, 0))
    never = {
        loan_id
        for loan_id, history in histories.items()
        if all(late < latest[loans[loan_id].borrower][day] for day, late in history.items())
    }
    assert never == {"301758134"}


def test_as_many_borrowers_are_warned_before_their_final_loan_as_the_books_description_says(
    loans: dict[str, Loan], histories: dict[str, dict[date, int]]
) -> None:
    worst: dict[str, list[int]] = defaultdict(list)
    for row in sorted(_rows(PREVLOANS), key=lambda row: int(row["loannumber"])):
        history = histories.get(row["systemloanid"], {})
        worst[row["customerid"]].append(max(history.values(), default=0))

    assert sum(each[-1] >= 7 for each in worst.values()) == 443
    assert sum(max(each) >= 7 for each in worst.values()) == 929
    assert sum(max(each) >= 1 for each in worst.values()) == 1_797
