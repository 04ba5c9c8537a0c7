"""Heartbeats have slots that every replica and every restart agrees on."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.message import heartbeat_id
from services.notifier.timekeeping.heartbeats import slot

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@settings(max_examples=50, deadline=None)
@given(st.timedeltas(timedelta(minutes=1), timedelta(days=7)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_slot_begins_by_now_and_ends_after_it(every: timedelta, later: timedelta) -> None:
    now = NOW + later
    begins = slot(every, now)

    assert begins <= now < begins + every
    assert slot(every, begins) == begins
    assert slot(every, begins - timedelta(microseconds=1)) == begins - every


def test_each_receiver_and_slot_has_an_id_of_its_own() -> None:
    ids = {heartbeat_id(name, NOW + timedelta(hours=hour)) for name in ("hook", "mail") for hour in range(3)}

    assert len(ids) == 6
