"""What is forgotten, when, and that it matters to no question that may still be asked."""

from copy import deepcopy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.borrower import encode
from services.warning.core.facts import FAMILIES
from tests.events import disbursed, event, exposed, repaid
from tests.unit.warning.core.histories import (
    DAYS,
    RULES,
    START,
    Said,
    busy_loans,
    engine_of,
    histories,
    lived,
    readings,
)
from tests.unit.warning.core.lives import Life

ENGINE = engine_of(RULES, "Europe/Berlin")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(most=40) | busy_loans(), st.integers(30, DAYS + 150))
def test_no_reading_as_of_that_day_or_later_is_changed_by_pruning(events: list[Said], number: int) -> None:
    borrower, _ = lived(ENGINE, events, to_the_end=False)
    pruned = deepcopy(borrower)
    for name, family in FAMILIES.items():
        family.prune(getattr(pruned.facts, name), START.toordinal() + number)
    later = range(number, number + 100, 9)
    assert readings(ENGINE, pruned, later) == readings(ENGINE, borrower, later)


def _closed(life: Life, day: str, loan: str = "L1") -> None:
    life.says(event("loan.closed", "B1", day, {"loan_id": loan, "closed_on": day}))


def test_a_closed_loan_is_forgotten_once_nothing_can_arrive_for_it() -> None:
    life = Life()
    life.says(disbursed("B1", "2026-01-05", "2026-02-05"), repaid("B1", "2026-02-05"))
    _closed(life, "2026-02-05")
    life.says(repaid("B1", "2026-04-30", loan="other"))
    assert "L1" in life.borrower.facts.ledger.loans
    life.says(repaid("B1", "2026-08-30", loan="other"))
    assert life.borrower.facts.ledger.loans.keys() == {"other"}
    assert life.borrower.facts.ledger.ever


def test_an_open_loan_and_its_payments_are_kept_however_old() -> None:
    life = Life()
    life.says(disbursed("B1", "2020-01-05", "2020-02-05", "2030-02-05"), repaid("B1", "2020-02-05"))
    life.says(repaid("B1", "2026-01-05", "1.00"))
    assert len(life.borrower.facts.ledger.loans["L1"].payments) == 2


def test_a_monthly_borrower_does_not_grow_for_ever() -> None:
    life = Life()
    sizes = []
    for year in range(2020, 2030):
        for month in range(1, 13):
            day, loan = f"{year}-{month:02}-05", f"L{year}{month}"
            life.says(disbursed("B1", day, f"{year}-{month:02}-25", loan=loan))
            life.says(repaid("B1", f"{year}-{month:02}-20", loan=loan))
            life.says(exposed("B1", f"{year}-{month:02}-21", "bank-1", f"{year}.00"))
            sold = {"month": f"{year}-{month:02}", "amount": "100.00", "currency": "NGN"}
            life.says(event("revenue.reported", "B1", f"{year}-{month:02}-26", sold))
            _closed(life, f"{year}-{month:02}-27", loan)
        sizes.append(len(encode(life.borrower)))
    assert max(sizes[2:]) < 1.1 * max(sizes[:2]) < 4_000
