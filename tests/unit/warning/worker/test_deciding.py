"""A record of topic `events` is decided or one dead letter, whatever it holds."""

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiokafka import ConsumerRecord
from hypothesis import example as such_as
from hypothesis import given

from services.warning.core import records
from services.warning.service import load_engine
from services.warning.worker import deciding
from services.warning.worker.cache import Cache
from services.warning.worker.deciding import Decided, Decider
from services.warning.worker.future import FutureLimit
from services.warning.worker.partition import Partition
from shared.events import DATA_MODELS, example
from shared.kafka.reading import UnreadableRecord
from shared.kafka.topics import Topics
from tests.odd_records import odd_records

RULES = Path(records.__file__).parent / "rules" / "default.yaml"
SOUND = [msgspec.json.encode(example(each)) for each in DATA_MODELS]
FETCHED = UnreadableRecord("events", 0, 7, 0, 0, None, b"raw", None, 0, 0, (), "header_name", "expected UTF-8", None)
DECIDER = Decider(load_engine(RULES, ZoneInfo("Africa/Lagos").key), Topics(), 1, FutureLimit(None))


def _partition() -> Partition:
    return Partition(0, 1, 0, 7, 0, 0, Cache(1_000_000))


async def decided(record: ConsumerRecord) -> tuple[Decided, Partition]:
    found, partition = Decided(), _partition()
    await DECIDER.events(found, {partition: [record]})
    return found, partition


@given(odd_records(SOUND))
@such_as(FETCHED)
async def test_it_is_decided_or_one_dead_letter_or_stops_its_partition(record: ConsumerRecord) -> None:
    found, partition = await decided(record)

    letters = [each for each in found.batch.letters if each.topic == Topics().dead_letters]
    assert len(letters) == found.reasons.total()
    if partition.stopped is not None:
        assert (partition.next_offset, letters) == (7, [])
    else:
        assert partition.next_offset == 8
        assert len(letters) == 1 or sum(found.outcomes.values()) == 1


async def test_what_reading_raises_is_that_records_and_blinds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(_: bytes) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(deciding, "read", overflow)
    found, partition = await decided(ConsumerRecord("events", 0, 7, 0, 0, b"B1", b"{}", None, 0, 0, ()))

    assert (found.reasons, found.batch.blind) == ({"unreadable": 1}, {})
    assert partition.next_offset == 8
