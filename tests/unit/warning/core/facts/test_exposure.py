"""What is remembered of other lenders: since when something is owed to each."""

import pytest

from services.warning.core.borrower import decode
from services.warning.core.indicators import CATALOGUE
from tests.events import event, exposed
from tests.unit.warning.core.lives import Life

COUNT = CATALOGUE["other_lenders_90d"]
STORED_BEFORE = bytes.fromhex(
    "86a26964a24231a5636c6f636bcf00064a2687557000a5666163747384a86578706f737572659182a662616e6b2d3194ce000b4925cf000647"
    "a2cc697000cf88bd4b68709d92af81a34e474e82ce000b492594ce000f4240cf000647a2cc697000cf88bd4b68709d92afcf000647a2cc6970"
    "00ce000b494494ce0016e360cf00064a12697e1000cf844140263d6991d1cf00064a12697e1000a662616e6b2d3294ce000b4945cf00064a26"
    "87557000cf408511460b7f6c0081a34e474e81ce000b494594ce0007a120cf00064a2687557000cf408511460b7f6c00cf00064a2687557000"
    "a66c65646765729280c2a770726f66696c659acf00064a12697e1000cf41676274e123b5fbaa656e7465727072697365c0c0c0a64b616e6f20"
    "31c0c0c0a7726576656e75659181cd5ef895ce000186a0a34e474ecf00064a12697e1000cf0b133ae3c336798ccf000649b70ca13bffa47365"
    "656ec450af929d70684bbd881087c101839144dbd191693d264041847035c201d12c08a9006c7f0b46118540103bc201e252945d8c7936c3e3"
    "3a130b7035c201d8b4c44cfbb523e1746267417035c201595651a7a87072756e655f6f6ece000b4978a772756c65736574b037636238343031"
    "636664316231643563"
)
"""B1 of two lenders, as it was encoded before reports said when a debt began and what orders those of one time."""


def _count(life: Life, day: str) -> float | int | None:
    return COUNT.value(life.borrower.facts, life.calendar.on_due(life.midnight(day)), life.engine.terms)


def test_a_lender_counts_while_it_is_owed_something() -> None:
    life = Life()
    life.says(exposed("B1", "2026-01-05", "bank-1", "0"))
    assert _count(life, "2026-01-06") == 0
    life.says(exposed("B1", "2026-02-05", "bank-1", "50.00"))
    assert _count(life, "2026-02-06") == 1
    life.says(exposed("B1", "2026-03-05", "bank-1", "0.00"))
    assert _count(life, "2026-03-06") == 0
    assert _count(life, "2026-03-05") == 1


def test_a_report_corrected_to_nothing_leaves_no_lender_behind() -> None:
    life = Life()
    life.says(exposed("B1", "2026-01-05T09:00:00Z", "bank-1"), exposed("B1", "2026-01-05T10:00:00Z", "bank-1", "0"))
    life.says(exposed("B1", "2026-04-01", "bank-1", "20.00"))
    assert _count(life, "2026-02-01") == 0
    assert _count(life, "2026-06-01") == 1
    assert _count(life, "2026-06-30") == 0, "ninety days after 1 April"


def test_a_first_day_outlives_its_report() -> None:
    life = Life()
    life.says(*(exposed("B1", f"2025-{month:02}-05", "bank-1", "100.00") for month in range(1, 13)))
    life.says(exposed("B1", "2026-01-05", "bank-1", "90.00"))
    lender = life.borrower.facts.exposure.lenders["bank-1"]
    assert len(lender.balances["NGN"]) < 8
    assert lender.first_day == life.calendar.day_of(life.midnight("2025-01-05"))


@pytest.mark.parametrize("count", [0, 1])
def test_a_state_stored_before_goes_on_as_it_was(count: int) -> None:
    life = Life()
    life.borrower = decode(STORED_BEFORE)
    if count:
        life.says(exposed("B1", "2026-02-10", "bank-1", "10.00"))
    assert _count(life, "2026-02-20") == 2
    assert _count(life, "2026-04-20") == 1
    life.says(event("revenue.reported", "B1", "2026-03-05", {"month": "2026-01", "amount": "-5", "currency": "NGN"}))
    (month,) = life.borrower.facts.revenue.months.values()
    assert month.amount == -50_000
