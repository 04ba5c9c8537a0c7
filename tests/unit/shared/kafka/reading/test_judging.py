"""Whatever reading a record raises is that record's; what ends the process or its task is not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher

from shared.kafka.reading import UnreadableError, judged, read_with_care
from shared.kafka.reading.batches import Batches
from shared.kafka.reading.fetching import OtherLibraryError, PartitionRecords
from tests.batches import batch_of

RECORD = ConsumerRecord("t", 0, 7, 0, 0, b"k", b"v", None, 1, 1, ())


def raising(error: BaseException) -> Callable[[ConsumerRecord], Any]:
    def read(_: ConsumerRecord) -> None:
        raise error

    return read


def deep(_: ConsumerRecord) -> None:
    deep(_)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OverflowError("too far"), UnicodeError("no text"), ValueError("x" * 5_000), KeyError("id")],
    ids=repr,
)
def test_an_error_of_any_kind_is_the_records(error: Exception) -> None:
    with pytest.raises(UnreadableError, match=f"expected a record that can be read: {type(error).__name__}") as told:
        judged(RECORD, raising(error))
    assert told.value.reason == "unreadable"
    assert len(str(told.value)) < 600


def test_nesting_without_end_is_the_records() -> None:
    with pytest.raises(UnreadableError, match="RecursionError"):
        judged(RECORD, deep)


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_the_end_of_the_process_or_of_the_task_gets_through(end: BaseException) -> None:
    with pytest.raises(type(end)):
        judged(RECORD, raising(end))


def test_what_the_reader_says_itself_is_kept_as_it_said_it() -> None:
    with pytest.raises(LookupError, match="known"):
        judged(RECORD, raising(LookupError("known")), LookupError)
    with pytest.raises(UnreadableError, match="expected better") as told:
        judged(RECORD, raising(UnreadableError("malformed", "expected better")))
    assert told.value.reason == "malformed"


def test_what_the_fetch_could_not_read_is_not_read() -> None:
    batches = Batches(batch_of([(None, b"", [("\udcff", b"")])]))
    (record,) = PartitionRecords(TopicPartition("t", 0), batches, [], 0, None, None, True, 0)
    with pytest.raises(UnreadableError, match="names of headers in UTF-8") as told:
        judged(record, raising(AssertionError("it was read all the same")))
    assert told.value.reason == "header_name"


def test_another_aiokafka_is_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, tp: Any, records: Any) -> None: ...

    monkeypatch.setattr(fetcher, "PartitionRecords", Other)
    with pytest.raises(OtherLibraryError, match=r"expected aiokafka 0\.14\.x"):
        read_with_care()
