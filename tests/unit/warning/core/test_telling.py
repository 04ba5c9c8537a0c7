"""A change as it is published: its ids, its evidence, and that it is what the published model says."""

import msgspec

from services.warning.core.changes import named_id, to_json
from shared.warnings import About, WarningChange
from tests.events import disbursed, event, repaid
from tests.unit.warning.core.lives import PATIENT, Life, as_event


def _life() -> Life:
    life = Life(PATIENT)
    life.says(
        disbursed("B1", "2026-01-05", "2026-01-10", id="loan"),
        repaid("B1", "2026-01-25", id="paid"),
        disbursed("B1", "2026-02-05", "2026-02-10", loan="L2", id="second"),
    )
    life.waits("2026-03-01")
    return life


def test_the_same_life_has_the_same_ids() -> None:
    one, other = _life(), _life()
    assert list(map(to_json, one.changes)) == list(map(to_json, other.changes))
    assert len({each.change_id for each in one.changes}) == len(one.changes) == 6


def test_ids_are_names_of_what_they_stand_for() -> None:
    first = _life().changes[0]
    raised_at = Life().midnight("2026-01-13")
    assert first.warning_id == named_id("warning", "B1", "late", raised_at, 0)
    assert first.change_id == named_id("change", first.warning_id, 0, "raised", "blue", raised_at, "L1")


def test_every_change_is_what_the_published_model_says() -> None:
    for each in _life().changes:
        assert WarningChange.model_validate_json(to_json(each)).kind == each.kind


def test_evidence_names_the_deciding_event_or_that_there_was_none() -> None:
    raised, _, eased, *_ = _life().changes
    assert (raised.evidence["event_id"], eased.evidence["event_id"]) == (None, "paid")
    assert eased.evidence["event_source"] == "/core-banking"
    loan = disbursed("B1", "2026-01-05", "2026-01-10", id="loan")
    assert raised.evidence["items"] == [f"{as_event(loan).hash:016x}"]
    assert raised.evidence["window"] == {"first": "2026-01-10", "last": "2026-01-13"}


def test_evidence_compares_with_the_borrowers_own_past() -> None:
    changes = _life().changes
    first, again = (each for each in changes if each.kind == "raised")
    assert first.evidence["own_past"] == {"raised_before": 0, "last_raised_at": None}
    assert again.evidence["own_past"] == {"raised_before": 1, "last_raised_at": first.at}


def test_each_change_names_its_loan_its_band_and_what_would_clear_it() -> None:
    changes = _life().changes
    assert [each.loan_id for each in changes] == ["L1"] * 4 + ["L2"] * 2
    assert changes[1].band == {"level": "yellow", "direction": "above", "threshold": 7.0}
    assert changes[2].band is None
    assert changes[0].clears_when == {
        "en": "days_past_due is at most 0 days for 3 days",
        "zh": "days_past_due 不高于 0天，持续 3 天",
    }
    assert changes[3].clears_when is None
    assert msgspec.json.decode(to_json(changes[0]))["ruleset"]["name"] == "patient"


def test_a_change_says_where_the_borrower_and_the_loan_belong() -> None:
    life = Life(PATIENT)
    where = {"segment": "sme", "region": "Kano", "branch": "Kano 1", "lender_unit": "SME", "group": "G"}
    loan = disbursed("B1", "2026-01-05", "2026-01-10")
    loan["data"]["product"] = "weekly"
    who = {"kind": "enterprise", **where, "relationship_manager": "RM-1"}
    life.says(event("borrower.registered", "B1", "2026-01-01", who), loan)
    life.waits("2026-01-14")

    published = WarningChange.model_validate_json(to_json(life.changes[0]))
    assert published.about == About(**where, product="weekly", relationship_manager="RM-1")


def test_what_no_event_has_said_of_a_borrower_is_null() -> None:
    assert {each.about for each in map(WarningChange.model_validate_json, map(to_json, _life().changes))} == {About()}
