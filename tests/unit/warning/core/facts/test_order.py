"""Of words on one thing with one time, the greater (source, id) holds, in whatever order they come."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.facts import FAMILIES
from tests.events import event
from tests.unit.warning.core.histories import RULES, Said, engine_of, histories, late_orders, levels, lived
from tests.unit.warning.core.lives import Life

ENGINE = engine_of(RULES, "Africa/Lagos")
NIGHT = "2026-05-20T00:00:00Z"
WORDS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("revenue.reported", {"month": "2026-04", "currency": "NGN"}, "amount", "5", "9"),
    ("exposure.reported", {"lender": "bank-1", "as_of": "2026-05-19", "currency": "NGN"}, "balance", "5", "9"),
    ("borrower.registered", {"kind": "individual"}, "branch", "Kano 1", "Kano 2"),
]
KEYS = [("/a", "2"), ("/b", "1"), ("/b", "10")]
"""Sources and ids, from the least to the greatest: ids are texts, so that "10" comes after "1"."""


def _states(life: Life) -> dict[str, Any]:
    return {name: getattr(life.borrower.facts, name) for name in FAMILIES}


@pytest.mark.parametrize(("event_type", "said", "field", "former", "last"), WORDS)
def test_the_last_word_of_one_night_is_that_of_the_greatest_source_and_id(
    event_type: str, said: dict[str, Any], field: str, former: str, last: str
) -> None:
    values = [former, former, last]
    words = [
        {**event(event_type, "B1", NIGHT, {**said, field: value}, id=number), "source": source}
        for value, (source, number) in zip(values, KEYS, strict=True)
    ]
    alone = Life()
    alone.says(words[-1])
    for order in permutations(words):
        life = Life()
        life.says(*order)
        assert _states(life) == _states(alone)


def _nightly(events: list[Said]) -> list[Said]:
    """As a file of each third night would have it."""
    for each in events:
        day = datetime.fromisoformat(each["time"]).toordinal()
        each["time"] = f"{datetime.fromordinal(day - day % 3 + 3):%Y-%m-%d}T00:00:00Z"
    return events


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), histories().map(_nightly))
def test_files_that_stamp_everything_alike_give_one_picture_in_any_order(
    data: st.DataObject, events: list[Said]
) -> None:
    one, _ = lived(ENGINE, events)
    other, _ = lived(ENGINE, data.draw(late_orders(data.draw(st.permutations(events)))))

    assert one.facts == other.facts
    assert levels(one) == levels(other)
