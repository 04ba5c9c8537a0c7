"""Letters leave in order, and what is noted as published is exactly what was acknowledged."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from prometheus_client import CollectorRegistry

from services.warning.metrics import Metrics
from services.warning.store.commit import Letter
from services.warning.worker import outbox as outbox_module
from services.warning.worker.cache import Cache
from services.warning.worker.outbox import Outbox
from services.warning.worker.partition import Partition
from shared.kafka.cloudevents import header
from shared.kafka.fitting import SMALLEST_LETTER_BYTES
from shared.kafka.producer import NotAcknowledgedError, Outgoing, size_of
from shared.kafka.topics import MAX_LETTER_BYTES


class FakeProducer:
    """Takes what it is given; of its next request it acknowledges only the records that `plan` says."""

    def __init__(self) -> None:
        self.sent: list[bytes | None] = []
        self.plan: list[list[bool]] = []
        self.most = 10**9
        self.topics: list[str] = []
        self.sizes: list[int] = []

    async def publish(self, records: Sequence[Outgoing]) -> None:
        for place, each in enumerate(records):
            self.sizes.append(size_of(each))
            if size_of(each) > self.most or (each.value == b"poison" and each.topic == "warnings"):
                done = [before < place for before in range(len(records))]
                raise NotAcknowledgedError(done, None, refused=place) from MessageSizeTooLargeError()
            self.topics.append(each.topic)
        self.sent += [each.value for each in records]
        if self.plan:
            raise NotAcknowledgedError(self.plan.pop(0), None)


def _letter(partition: int, seq: int) -> Letter:
    return Letter(partition, seq, "warnings", b"B1", f"{partition}.{seq}".encode(), [])


def _partition(number: int) -> Partition:
    return Partition(number, 1, 0, 0, 0, 0, Cache(0))


def _outbox(producer: FakeProducer) -> Outbox:
    outbox = Outbox(producer, "dead", Metrics(CollectorRegistry()))  # type: ignore[arg-type]
    for number in (0, 1):
        outbox.take(number, [])
    return outbox


async def _drain(outbox: Outbox) -> None:
    stopped = asyncio.Event()
    stopped.set()
    await outbox.run(stopped)


async def test_an_earlier_owners_letters_leave_before_new_ones() -> None:
    producer = FakeProducer()
    outbox = _outbox(producer)
    outbox.take(0, [_letter(0, 7)])
    outbox.add([_letter(0, 8), _letter(0, 9)])

    await _drain(outbox)

    assert producer.sent == [b"0.7", b"0.8", b"0.9"]
    assert outbox.published_up_to(_partition(0)) == 9


async def test_nothing_counts_as_published_behind_the_first_letter_without_an_acknowledgement() -> None:
    producer = FakeProducer()
    producer.plan = [[True, False, True, True]]
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1), _letter(0, 2), _letter(0, 3), _letter(1, 1)])

    await outbox._publish_what_waits()

    assert outbox.published_up_to(_partition(0)) == 1
    assert outbox.published_up_to(_partition(1)) == 1
    assert (outbox.waiting(0), outbox.waiting(1)) == (2, 0)


async def test_what_was_not_acknowledged_is_sent_again_in_its_order() -> None:
    producer = FakeProducer()
    producer.plan = [[False, False]]
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1), _letter(0, 2)])
    await outbox._publish_what_waits()

    await _drain(outbox)

    assert producer.sent == [b"0.1", b"0.2", b"0.1", b"0.2"]


async def test_letters_of_a_partition_that_was_let_go_are_not_published() -> None:
    producer = FakeProducer()
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1), _letter(1, 1)])
    outbox.drop(0)
    outbox.add([_letter(0, 2)])

    await _drain(outbox)

    assert producer.sent == [b"1.1"]
    assert outbox.published_up_to(_partition(0)) == 0


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_SECONDS", 0)


@pytest.mark.usefixtures("at_once")
async def test_a_change_that_kafka_refuses_for_good_is_a_dead_letter_and_the_next_ones_are_told() -> None:
    producer = FakeProducer()
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1), _letter(0, 2)._replace(value=b"poison"), _letter(0, 3)])

    await _drain(outbox)

    assert producer.topics == ["warnings", "dead", "warnings"]
    assert outbox.published_up_to(_partition(0)) == 3
    assert outbox._metrics.records_refused._value.get() == 1
    assert outbox._metrics.dead_letters.labels("refused_by_broker")._value.get() == 1


async def test_the_dead_letter_of_a_refused_change_says_where_it_was_to_go() -> None:
    producer = FakeProducer()
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1)._replace(value=b"poison")])
    await outbox._publish_what_waits()
    instead = outbox._waiting[0][0]

    assert (instead.topic, instead.seq, instead.key, instead.value) == ("dead", 1, b"B1", b"poison")
    assert header(instead.headers, "bellwether_origin_topic") == b"warnings"
    assert header(instead.headers, "bellwether_origin_partition") is None
    assert b"MessageSizeTooLarge" in (header(instead.headers, "bellwether_detail") or b"")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("most", [SMALLEST_LETTER_BYTES, 100_000, MAX_LETTER_BYTES - 1])
async def test_a_dead_letter_that_its_topic_refuses_gets_smaller_until_it_fits(most: int) -> None:
    producer = FakeProducer()
    producer.most = most
    outbox = _outbox(producer)
    large = _letter(0, 1)._replace(topic="dead", value=bytes(MAX_LETTER_BYTES - 200))
    outbox.add([large, _letter(0, 2), large._replace(seq=3)])

    await _drain(outbox)

    assert producer.topics == ["dead", "warnings", "dead"]
    assert most // 2 <= producer.sizes[-1] <= most
    assert outbox.published_up_to(_partition(0)) == 3


async def test_it_is_ready_until_nothing_has_been_published_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(outbox_module, "_now", lambda: now)
    producer = FakeProducer()
    producer.plan = [[False], [False], [True]]
    outbox = _outbox(producer)
    outbox.add([_letter(0, 1)])

    await outbox._publish_what_waits()
    now += 59
    outbox.check()
    await outbox._publish_what_waits()
    now += 1
    with pytest.raises(ConnectionError, match="nothing was published for 60 s: 1 of 1 records not acknowledged"):
        outbox.check()
    await outbox._publish_what_waits()
    outbox.check()
