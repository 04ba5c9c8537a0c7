"""A record of topic `warnings` is a change, or unreadable for a reason."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.consuming.reading import read
from shared.kafka.reading import UnreadableError
from tests.changes import change, record


def test_a_change_is_read_with_the_moment_its_event_was_accepted() -> None:
    _, value, headers = record(change(), 1_772_357_400_250)
    found = read(value, headers)

    assert (found.change, found.data) == (change(), value)
    assert found.accepted_at == datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)


def test_fields_this_version_does_not_know_are_kept_for_the_receivers() -> None:
    value = b'{"mood":"gloomy",' + record(change())[1][1:]

    assert read(value, []).data == value


@pytest.mark.parametrize("given_ms", [b"", b"soon", b"-1", b"9" * 15, b"9" * 400, "٣".encode(), None])
def test_a_moment_that_makes_no_sense_is_none(given_ms: bytes | None) -> None:
    assert read(record(change())[1], [("bellwether_accepted_at", given_ms)]).accepted_at is None


@pytest.mark.parametrize("kind", ["warning.snoozed", "loan.disbursed", ""])
def test_a_type_of_another_version_is_kept_for_a_notifier_that_knows_it(kind: str) -> None:
    with pytest.raises(UnreadableError, match="expected ce_type to be one of") as found:
        read(record(change())[1], [("ce_type", kind.encode())])

    assert found.value.reason == "unknown_kind"


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "at", "measure"]), inner),
    max_leaves=5,
).map(lambda each: repr(each).encode()))  # fmt: skip
def test_whatever_a_record_holds_it_is_a_change_or_unreadable(value: bytes) -> None:
    with pytest.raises(UnreadableError, match="expected"):
        read(value, [])
