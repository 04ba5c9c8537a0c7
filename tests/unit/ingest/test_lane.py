"""A lane sends what waits together, one batch at a time, and nothing overtakes a batch that failed."""

import asyncio

from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, RequestTimedOutError
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.ingest.lane import Lane, Share
from services.ingest.metrics import Metrics

SECOND = 1.0


class FakeBatch:
    """Holds `room` records."""

    def __init__(self, room: int) -> None:
        self.values: list[bytes] = []
        self._room = room

    def append(self, *, timestamp: None, key: bytes, value: bytes, headers: object) -> object | None:
        if len(self.values) == self._room:
            return None
        self.values.append(value)
        return object()

    def close(self) -> None:
        pass


class FakeProducer:
    """Both the ordered producer and its connection. `failures` says of each batch how it fails, or None.

    While `held` is set nothing is answered. A batch with one of the `poison` values is refused for good.
    """

    def __init__(
        self, failures: list[Exception | None] | None = None, *, room: int = 100, poison: frozenset[bytes] = frozenset()
    ) -> None:
        self.poison = poison
        self.log: list[list[bytes]] = []
        self.dropped = 0
        self.held: asyncio.Event | None = None
        self._failures = failures or []
        self._room = room

    async def current(self) -> "FakeProducer":
        return self

    async def drop(self, _: object) -> None:
        self.dropped += 1

    def create_batch(self) -> FakeBatch:
        return FakeBatch(self._room)

    async def send_batch(self, batch: FakeBatch, _topic: str, *, partition: int) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._answer(batch))

    async def _answer(self, batch: FakeBatch) -> None:
        if self.held:
            await self.held.wait()
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            raise failure
        if self.poison & set(batch.values):
            raise MessageSizeTooLargeError
        self.log.append(batch.values)


def lane(producer: FakeProducer, *, within: float = SECOND) -> Lane:
    metrics = Metrics(CollectorRegistry())
    return Lane(producer, "events", 0, within=within, metrics=metrics)  # type: ignore[arg-type]


def share(*values: bytes) -> Share:
    made = Share()
    made.records = [(b"key", value) for value in values]
    return made


async def test_what_waits_travels_in_one_batch() -> None:
    producer = FakeProducer()
    made, shares = lane(producer), [share(b"a", b"b"), share(b"c")]
    for each in shares:
        made.put(each)

    await asyncio.gather(*(each.settled for each in shares))

    assert producer.log == [[b"a", b"b", b"c"]]
    assert all(each.complete for each in shares)


async def test_a_share_larger_than_a_batch_is_sent_in_order_in_several() -> None:
    producer = FakeProducer(room=2)
    made, long, short = lane(producer), share(b"a", b"b", b"c"), share(b"d")
    made.put(long)
    made.put(short)

    await short.settled

    assert producer.log == [[b"a", b"b"], [b"c", b"d"]]
    assert (long.acknowledged, short.acknowledged) == (3, 1)


async def test_after_a_failed_batch_the_rest_of_what_waits_is_not_sent_and_the_connection_is_dropped() -> None:
    producer = FakeProducer([None, RequestTimedOutError()], room=2)
    made, long, other = lane(producer), share(b"a", b"b", b"c", b"d", b"e"), share(b"f")
    made.put(long)
    made.put(other)

    await asyncio.gather(long.settled, other.settled)

    assert producer.log == [[b"a", b"b"]]
    assert (long.acknowledged, other.acknowledged) == (2, 0)
    await made.idle()
    assert producer.dropped == 1


async def test_what_is_put_after_a_failure_is_sent_on_a_fresh_connection() -> None:
    producer = FakeProducer([KafkaTimeoutError()])
    made, failed = lane(producer), share(b"a")
    made.put(failed)
    await failed.settled
    await made.idle()
    again = share(b"a")
    made.put(again)

    await again.settled

    assert (failed.acknowledged, again.acknowledged, producer.log) == (0, 1, [[b"a"]])


async def test_a_share_given_up_while_it_waited_is_not_sent_at_all() -> None:
    producer = FakeProducer()
    producer.held = asyncio.Event()
    made, first, second, third = lane(producer), share(b"a"), share(b"b"), share(b"c")
    made.put(first)
    await asyncio.sleep(0)
    made.put(second)
    made.put(third)
    second.settle()
    producer.held.set()

    await third.settled

    assert producer.log == [[b"a"], [b"c"]]
    assert second.acknowledged == 0


async def test_without_an_acknowledgement_in_time_all_that_waits_is_settled_as_it_stands() -> None:
    producer = FakeProducer()
    producer.held = asyncio.Event()
    made, first, second = lane(producer, within=0.01), share(b"a"), share(b"b")
    made.put(first)
    made.put(second)

    await asyncio.gather(first.settled, second.settled)

    assert (first.acknowledged, second.acknowledged, producer.log) == (0, 0, [])
    producer.held.set()
    await made.idle()


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=8),
    st.lists(st.booleans(), max_size=8),
    st.integers(1, 4),
)
async def test_what_is_acknowledged_is_on_the_log_once_in_order_and_nothing_stands_behind_a_gap(
    sizes: list[int], failing: list[bool], room: int
) -> None:
    producer = FakeProducer([RequestTimedOutError() if each else None for each in failing], room=room)
    made, number, shares = lane(producer), 0, []
    for size in sizes:
        shares.append(share(*(b"%d" % each for each in range(number, number + size))))
        number += size
        made.put(shares[-1])
    await asyncio.gather(*(each.settled for each in shares))
    await made.idle()

    log = [value for batch in producer.log for value in batch]
    assert log == [value for each in shares for _, value in each.records[: each.acknowledged]]
    assert log == [b"%d" % each for each in range(len(log))]


async def test_a_record_that_is_refused_for_good_is_named_and_its_neighbours_are_sent() -> None:
    producer = FakeProducer(poison=frozenset([b"c"]))
    made, shares = lane(producer), [share(b"a", b"b"), share(b"c", b"d"), share(b"e")]
    for each in shares:
        made.put(each)

    await asyncio.gather(*(each.settled for each in shares))

    assert [value for batch in producer.log for value in batch] == [b"a", b"b", b"d", b"e"]
    assert [each.complete for each in shares] == [True, True, True]
    assert [each.refused for each in shares] == [{}, {0: "MessageSizeTooLargeError()"}, {}]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=9), min_size=1, max_size=6), st.integers(1, 20))
async def test_whichever_are_refused_the_others_are_on_the_log_once_in_order(
    refused: list[list[bool]], room: int
) -> None:
    shares, poison, number = [], set(), 0
    for flags in refused:
        values = [b"%d" % each for each in range(number, number + len(flags))]
        poison |= {value for value, bad in zip(values, flags, strict=True) if bad}
        shares.append(share(*values))
        number += len(flags)
    producer = FakeProducer(room=room, poison=frozenset(poison))
    made = lane(producer)
    for each in shares:
        made.put(each)
    await asyncio.gather(*(each.settled for each in shares))
    await made.idle()

    log = [value for batch in producer.log for value in batch]
    assert log == [b"%d" % each for each in range(number) if b"%d" % each not in poison]
    assert [sorted(each.refused) for each in shares] == [
        [place for place, bad in enumerate(flags) if bad] for flags in refused
    ]
