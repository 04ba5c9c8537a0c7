"""A cursor is one that was given out, or a 400: never another place, and never an error of ours."""

import base64
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.api import cursors as rows
from services.warning.api import cursors as warnings
from services.warning.store.queries import Place
from shared.problems import ProblemError

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given a zone
PLACES = st.builds(Place, MOMENTS, st.uuids())


def crafted(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@given(PLACES)
def test_a_place_among_warnings_is_read_back(place: Place) -> None:
    assert warnings.place(warnings.written(place)) == place


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_row_is_read_back(number: int) -> None:
    assert rows.position(rows.written(number)) == number


ID = UUID(int=1)
CRAFTED = [
    "", "0" * 20 + "9" * 30, str(2**63), "-1", "1" * 5_000, "1.5", "1e9", "null", "[1]", '{"number": 1}', "\uff11",
    " 1", f"0001-01-01T00:00:00+23:59 {ID}", f"9999-12-31T23:59:59-23:59 {ID}", f"2026-01-01 {ID}",
    f"2026-01-01T00:00:00 {ID}", f"2026-01-01T00:00:00+00:00 {ID} ", "2026-01-01T00:00:00+00:00 x", "\0", f"NaN {ID}",
    f"2026-01-01T00:00:00+00:00 {{{ID}}}",
]  # fmt: skip
REFUSED = [*map(crafted, CRAFTED), "x", "é", "=", "%00", crafted("7") + "=", crafted("7") + "!"]


@pytest.mark.parametrize("read", [warnings.place, rows.position])
@pytest.mark.parametrize("cursor", REFUSED)
def test_a_crafted_one_is_a_400(read: object, cursor: str) -> None:
    assert callable(read)
    with pytest.raises(ProblemError, match="expected the `next` of an earlier page") as refused:
        read(cursor)
    assert refused.value.problem.status == 400


@given(st.one_of(st.text(max_size=200), st.text(max_size=150).map(crafted)))
def test_any_text_is_a_place_that_can_be_asked_for_or_a_400(text: str) -> None:
    for read in (warnings.place, rows.position):
        with suppress(ProblemError):
            place = read(text)
            assert place if isinstance(place, Place) else 0 <= place < 2**63
