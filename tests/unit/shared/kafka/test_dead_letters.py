"""A dead letter is the record, whole where it fits, with where it came from and why; and it can be undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.cloudevents import header
from shared.kafka.dead_letters import (
    Origin,
    dead_letter,
    is_whole,
    of_record,
    original,
)
from shared.kafka.fitting import PREFIX, SMALLEST_LETTER_BYTES, fitted
from shared.kafka.producer import Outgoing, size_of
from shared.kafka.reading import UnreadableRecord
from shared.kafka.topics import MAX_LETTER_BYTES, MAX_RECORD_BYTES

ORIGIN = Origin("events.inbound", 3, 42)
SIZES = st.integers(0, 40) | st.integers(0, 3_000) | st.sampled_from([900_000, 1_048_000, 1_064_960, 3_000_000])


def letter(record: Outgoing, detail: str = "expected better") -> Outgoing:
    return dead_letter("dead", record, ORIGIN, service="ingest", reason="invalid", detail=detail)


def told(made: Outgoing, name: str) -> str | None:
    value = header(made.headers, PREFIX + name)
    return None if value is None else value.decode()


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=50),
    st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=4),
)
def test_the_record_comes_back_as_it_was(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    record = Outgoing("events.inbound", key, value, headers)
    assert original(letter(record), "events.inbound") == record
    assert is_whole(letter(record).headers)


def test_it_tells_origin_reason_and_detail() -> None:
    headers = letter(Outgoing("events.inbound", None, b"x")).headers
    assert {name.removeprefix(PREFIX): (value or b"").decode() for name, value in headers} == {
        "origin_topic": "events.inbound",
        "origin_partition": "3",
        "origin_offset": "42",
        "service": "ingest",
        "reason": "invalid",
        "detail": "expected better",
    }


def test_a_letter_of_a_letter_tells_the_newest_origin_only() -> None:
    twice = letter(letter(Outgoing("events.inbound", None, b"x"), "first"), "second")
    assert told(twice, "detail") == "second"
    assert len(twice.headers) == 6


def test_the_largest_record_of_any_topic_fits_with_the_longest_detail() -> None:
    largest = Outgoing("events.inbound", b"k" * 100, b"v" * (MAX_RECORD_BYTES + 48_000))
    made = letter(largest, "d" * 5_000)
    assert made.value == largest.value
    assert size_of(made) <= MAX_LETTER_BYTES


@given(st.none() | SIZES, st.none() | SIZES, st.lists(st.tuples(SIZES, SIZES), max_size=3), st.data())
def test_whatever_its_sizes_a_letter_fits_and_tells_what_was_cut(
    key: int | None, value: int | None, headers: list[tuple[int, int]], data: st.DataObject
) -> None:
    given_headers = [("n" * name, b"h" * size) for name, size in headers]
    record = Outgoing("t", None if key is None else b"k" * key, None if value is None else b"v" * value, given_headers)
    limits = [MAX_LETTER_BYTES, data.draw(st.integers(SMALLEST_LETTER_BYTES, MAX_LETTER_BYTES))]
    made = letter(record, "ä" * 3_000)
    for limit in limits:
        made = fitted(made, limit)
        assert size_of(made) <= limit

    assert told(made, "reason") == "invalid"
    assert told(made, "origin_offset") == "42"
    if is_whole(made.headers):
        assert original(made, "t") == record
    else:
        assert told(made, "key_bytes") == str(key or 0)
        assert told(made, "value_bytes") == str(value or 0)
        assert told(made, "headers_bytes") == str(sum(name + size for name, size in headers))
        for part, cut in ((record.key, made.key), (record.value, made.value)):
            assert (part or b"").startswith(cut or b"")


def test_what_is_cut_is_the_large_part_and_the_small_ones_stay_whole() -> None:
    made = letter(Outgoing("t", b"B-1", b"v" * 2_000_000, [("ce_id", b"1")]))
    assert (made.key, header(made.headers, "ce_id")) == (b"B-1", b"1")
    assert MAX_LETTER_BYTES - 100 < size_of(made) <= MAX_LETTER_BYTES
    assert told(made, "value_bytes") == "2000000"


def test_two_large_parts_are_cut_to_equal_size() -> None:
    made = letter(Outgoing("t", b"k" * 2_000_000, b"v" * 900_000, [("h", b"h" * 3_000_000)]))
    sizes = len(made.key or b""), len(made.value or b""), len(header(made.headers, "h") or b"")
    assert max(sizes) - min(sizes) < 100


def test_a_hundred_thousand_headers_are_cut_to_the_first() -> None:
    made = letter(Outgoing("t", None, b"v", [(f"{number}", None) for number in range(300_000)]))
    assert size_of(made) <= MAX_LETTER_BYTES
    assert made.headers[:2] == [("0", None), ("1", None)]
    assert made.value == b"v"


def test_a_detail_that_quotes_half_a_character_does_not_stop_its_letter() -> None:
    assert told(letter(Outgoing("t", None, None), "got \ud800"), "detail") == "got \\ud800"


@pytest.mark.parametrize(
    ("first_offset", "altered"), [(None, "names of headers"), (40, "the value is the bytes as they stand")]
)
def test_the_letter_of_what_nobody_can_read_is_not_whole_and_says_why(first_offset: int | None, altered: str) -> None:
    record = UnreadableRecord(
        "t", 3, 42, 0, 0, None, b"raw", None, 0, 0, (("\\xff", None),), "header_name", "expected UTF-8", first_offset
    )
    made = of_record("dead", record, service="ingest", reason=record.reason, detail=record.detail)

    assert not is_whole(made.headers)
    assert (made.value, told(made, "altered"), told(made, "origin_offset")) == (b"raw", altered, "42")
    assert told(made, "origin_first_offset") == (None if first_offset is None else "40")
