"""A dead letter is the record whole, with where it came from and why; and it can be undone."""

from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.cloudevents import header
from shared.kafka.dead_letters import PREFIX, Origin, dead_letter, original
from shared.kafka.producer import Outgoing, size_of
from shared.kafka.topics import MAX_LETTER_BYTES, MAX_RECORD_BYTES

ORIGIN = Origin("events.inbound", 3, 42)


def letter(record: Outgoing, detail: str = "expected better") -> Outgoing:
    return dead_letter("dead", record, ORIGIN, service="ingest", reason="invalid", detail=detail)


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=50),
    st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=4),
)
def test_the_record_comes_back_as_it_was(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    record = Outgoing("events.inbound", key, value, headers)
    assert original(letter(record), "events.inbound") == record


def test_it_tells_origin_reason_and_detail() -> None:
    headers = letter(Outgoing("events.inbound", None, b"x")).headers
    told = {name.removeprefix(PREFIX): value.decode() for name, value in headers}
    assert told == {
        "origin_topic": "events.inbound",
        "origin_partition": "3",
        "origin_offset": "42",
        "service": "ingest",
        "reason": "invalid",
        "detail": "expected better",
    }


def test_a_letter_of_a_letter_tells_the_newest_origin_only() -> None:
    twice = letter(letter(Outgoing("events.inbound", None, b"x"), "first"), "second")
    assert header(twice.headers, f"{PREFIX}detail") == b"second"
    assert len(twice.headers) == 6


def test_the_largest_record_of_any_topic_fits_with_the_longest_detail() -> None:
    largest = Outgoing("events.inbound", b"k" * 100, b"v" * (MAX_RECORD_BYTES + 48_000))
    made = letter(largest, "d" * 5_000)
    assert made.value == largest.value
    assert size_of(made) <= MAX_LETTER_BYTES


def test_a_larger_one_stays_where_it_is_and_the_letter_says_how_large_it_was() -> None:
    made = letter(Outgoing("events.inbound", b"k", b"v" * 2_000_000))
    assert (made.key, made.value) == (b"k", None)
    assert header(made.headers, f"{PREFIX}value_bytes") == b"2000000"
    assert size_of(made) <= MAX_LETTER_BYTES
