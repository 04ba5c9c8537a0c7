"""What travels is canonical, and what is wrong is named."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.events import DATA_MODELS, Ahead, accept, example, utc_text

MOMENTS = st.datetimes(
    datetime.fromisoformat("1970-01-02"),
    datetime.fromisoformat("2199-12-30"),
    timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
WHENEVER = Ahead(value_days=100_000, period_days=80_000)


@given(st.sampled_from(sorted(DATA_MODELS)), MOMENTS, st.integers(0, 3))
def test_accepting_is_idempotent_and_keeps_the_moment(event_type: str, moment: datetime, indent: int) -> None:
    document = {**example(event_type), "time": moment.isoformat()}
    accepted = accept(json.dumps(document, indent=indent or None).encode(), WHENEVER)
    assert accepted.event.time == moment
    assert json.loads(accepted.value)["time"] == utc_text(moment)
    assert accept(accepted.value, WHENEVER).value == accepted.value
    assert json.loads(accepted.value)["data"] == document["data"]


@given(MOMENTS)
def test_a_moment_is_written_in_utc_and_reads_back(moment: datetime) -> None:
    text = utc_text(moment)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment.astimezone(UTC)


@pytest.mark.parametrize(("event_type", "subject"), [("clock.advanced", "B-1"), ("loan.closed", "clock")])
def test_the_clocks_subject_is_its_own(event_type: str, subject: str) -> None:
    with pytest.raises(ValidationError, match='expected the subject "clock" on control events and on no other'):
        accept(json.dumps({**example(event_type), "subject": subject}).encode())


def test_a_schedule_has_each_due_date_once() -> None:
    document = example("loan.disbursed")
    twice = [document["data"]["schedule"][0]] * 2
    with pytest.raises(ValidationError, match="expected each due_date of the schedule once"):
        accept(json.dumps({**document, "data": {**document["data"], "schedule": twice}}).encode())
