"""Records that make little sense, for tests of what reads them."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord
from hypothesis import strategies as st

_NAMES = ["ce_id", "ce_type", "ce_time", "ce_", "content-type", "bellwether_accepted_at", "x", ""]
_VALUES = st.none() | st.binary(max_size=20) | st.sampled_from([b"application/cloudevents+json", b"-1", b"9" * 400])
_STRANGE = [b"", b"null", b"[" * 10_000, b"\xff", b"1e999", b'"\\ud800"', b"0001-01-01T00:00:00+14:00", b"-0", b"{}"]


def odd_records(sound: Sequence[bytes]) -> st.SearchStrategy[ConsumerRecord]:
    """Any bytes, and sound values in which a part is another: so that what reads them gets far before it stumbles."""
    values = st.none() | st.binary(max_size=60) | st.sampled_from(_STRANGE) | st.builds(_spoilt, *_spoiling(sound))
    headers = st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=4)
    return st.builds(_record, st.none() | st.binary(max_size=9), values, headers)


def _spoiling(sound: Sequence[bytes]) -> tuple[st.SearchStrategy, ...]:
    part = st.integers(0, max(map(len, sound)))
    return st.sampled_from(sound), part, part, st.binary(max_size=4) | st.sampled_from(_STRANGE)


def _spoilt(sound: bytes, first: int, last: int, instead: bytes) -> bytes:
    return sound[:first] + instead + sound[max(first, last) :]


def _record(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]) -> ConsumerRecord:
    return ConsumerRecord("topic", 0, 7, 0, 0, key, value, None, 0, 0, tuple(headers))
