"""Letters leave in order, and what is noted as published is exactly what was acknowledged."""

import asyncio
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from services.warning.metrics import Metrics
from services.warning.store.commit import Letter
from services.warning.worker.cache import Cache
from services.warning.worker.outbox import Outbox
from services.warning.worker.partition import Partition
from shared.kafka.producer import NotAcknowledgedError, Outgoing


class FakeProducer:
    """Takes what it is given; of its next request it acknowledges only the records that `plan` says."""

    def __init__(self) -> None:
        self.sent: list[bytes | None] = []
        self.plan: list[list[bool]] = []

    async def publish(self, records: Sequence[Outgoing]) -> None:
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
