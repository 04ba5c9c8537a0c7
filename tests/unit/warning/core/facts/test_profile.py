"""Where a borrower and its loans belong: the newest word counts, and states of before can still be read."""

import pytest

from services.warning.core.borrower import decode, encode
from tests.events import disbursed, event
from tests.unit.warning.core.lives import PATIENT, Life

WHERE = {"branch": "Kano Central", "lender_unit": "Retail North", "relationship_manager": "RM-017", "group": "Dangana"}
STORED_BEFORE = bytes.fromhex(
    "88a26964a24231a5636c6f636bcf00064838d5a51c00a3647565cf000648894d029c00a5666163747384a86578706f737572659180a66c6564"
    "6765729281a24c319ea34e474ecf000647a2cc697000cff5643581b3757369ce000f42409192ce000b492ace000f4240808080c0cf000647a2"
    "cc69700091ce000b492a91ce000f424000ffc3a770726f66696c6596cf00064752550bf000cf9a055293ca93d3a3aa696e646976696475616c"
    "a8636f6e73756d6572c0a44b616e6fa7726576656e75659180a572756c657381a46c61746596cf000648894d029c0099cf00064838d5a51c00"
    "cf00064838d5a51c000000a24c3101a972657061796d656e74ffff8100cf0006481099f65c0001cf00064838d5a51c0000a47365656ec420a3"
    "d393ca9352059a9070c1016b0495ba697375b3813564f51087c101db8cd162a87072756e655f6f6ece000b4940a772756c65736574b0623435"
    "61646234656534623834343432"
)
"""B1 of Kano with one late loan, as it was encoded before states knew a branch or a product."""


def _registered(day: str, **said: str) -> dict[str, object]:
    return event("borrower.registered", "B1", day, {"kind": "individual", **said})


def test_a_state_stored_before_branches_and_products_were_kept_reads_as_one_without() -> None:
    profile, loan = (stored := decode(STORED_BEFORE)).facts.profile, stored.facts.ledger.loans["L1"]

    assert (profile.segment, profile.region, loan.currency) == ("consumer", "Kano", "NGN")
    assert (profile.branch, profile.lender_unit, profile.relationship_manager, profile.group) == (None,) * 4
    assert loan.product is None


def test_a_state_stored_before_goes_on_to_tell_of_what_it_learns() -> None:
    life = Life(PATIENT)
    life.borrower = decode(STORED_BEFORE)
    life.says(_registered("2026-01-15", **WHERE))
    life.waits("2026-03-01")

    about = life.changes[-1].about
    assert {name: about[name] for name in WHERE} == WHERE
    assert (about["segment"], about["product"]) == (None, None), "a later registration replaces an earlier one whole"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newest_registration_says_where_a_borrower_belongs_in_whatever_order_they_come(
    order: tuple[int, int],
) -> None:
    said = [_registered("2026-01-01", branch="Kano 1"), _registered("2026-01-02", branch="Kano 2", group="G")]
    life = Life()
    life.says(*(said[each] for each in order))

    profile = decode(encode(life.borrower)).facts.profile
    assert (profile.branch, profile.group) == ("Kano 2", "G")


def test_a_loans_product_outlives_being_stored() -> None:
    life = Life()
    loan = disbursed("B1", "2026-01-05", "2026-01-10")
    loan["data"]["product"] = "weekly"
    life.says(loan)

    assert decode(encode(life.borrower)).facts.ledger.loans["L1"].product == "weekly"
