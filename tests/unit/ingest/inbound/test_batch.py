"""A record is an event or one dead letter, whatever it holds."""

import json
from datetime import UTC, datetime

from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import example as such_as
from hypothesis import given

from services.ingest.admission import Admission, Sender
from services.ingest.inbound.batch import sort
from shared.clock import ManualClock
from shared.events import DATA_MODELS, example
from shared.kafka.reading import UnreadableRecord
from tests.odd_records import odd_records

GATE = Admission(ManualClock(datetime(2030, 1, 1, tzinfo=UTC)), future_limit=None, event_clock=False).gate(
    Sender(source=None, may_move_clock=False)
)
SOUND = [json.dumps(example(each)).encode() for each in DATA_MODELS]
FETCHED = UnreadableRecord("topic", 0, 7, 0, 0, None, b"raw", None, 0, 0, (), "unpacks_too_large", "expected less", 3)


@given(odd_records(SOUND))
@such_as(FETCHED)
async def test_it_is_an_event_or_one_dead_letter(record: ConsumerRecord) -> None:
    batch = sort({TopicPartition("topic", 0): [record]}, GATE, lambda subject: (0, subject.encode()), "dead")

    events = sum(len(share.records) for share in batch.shares.values())
    assert (events, len(batch.letters), batch.reasons.total()) in [(1, 0, 0), (0, 1, 1)]
    for letter in batch.letters:
        told = dict(letter.headers)
        assert b"expected" in (told["bellwether_detail"] or b"")
