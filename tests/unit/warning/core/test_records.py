"""A record of topic `events`, read."""

import msgspec
import pytest

from services.warning.core.records import UnreadableError, read, through
from tests.events import clock, repaid

GOOD = repaid("B1", "2026-01-05", id="pay-1")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 1}',
        msgspec.json.encode({**GOOD, "time": "yesterday"}),
        msgspec.json.encode({**GOOD, "time": "2026-01-05T12:00:00"}),
        msgspec.json.encode({each: GOOD[each] for each in GOOD if each != "subject"}),
    ],
)
def test_what_is_no_event_is_unreadable_and_says_so(value: bytes) -> None:
    with pytest.raises(UnreadableError, match="expected"):
        read(value)


def test_the_digest_tells_what_an_event_says_and_the_hash_who_says_it() -> None:
    event = read(msgspec.json.encode(GOOD))
    other = read(msgspec.json.encode({**GOOD, "data": {**GOOD["data"], "amount": "1.00"}}))
    later = read(msgspec.json.encode({**GOOD, "time": "2026-01-05T12:00:01Z"}))
    sibling = read(msgspec.json.encode({**GOOD, "source": "/elsewhere"}))
    assert event.hash == other.hash == later.hash != sibling.hash
    assert len({event.digest, other.digest, later.digest}) == 3


def test_a_moment_is_the_same_in_any_offset() -> None:
    here = read(msgspec.json.encode({**GOOD, "time": "2026-01-05T13:00:00.000001+01:00"}))
    assert here.time == read(msgspec.json.encode({**GOOD, "time": "2026-01-05T12:00:00.000001Z"})).time


def test_a_clock_record_says_how_far_time_has_come() -> None:
    event = read(msgspec.json.encode(clock("2026-01-05")))
    assert through(event) == read(msgspec.json.encode({**GOOD, "time": "2026-01-04T23:00:00Z"})).time
    with pytest.raises(UnreadableError, match="data of clock"):
        through(read(msgspec.json.encode({**clock("2026-01-05"), "data": {}})))
