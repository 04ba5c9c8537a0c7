"""Requests wait for Kafka within a bound of bytes and of time."""

import pytest
from prometheus_client import CollectorRegistry

from services.ingest.lane import Share
from services.ingest.metrics import Metrics
from services.ingest.publisher import BusyError, Publisher
from shared.kafka.partitions import partition_of


class FakeProducer:
    """A connection to a topic of three partitions, on which nothing is ever sent."""

    async def current(self) -> "FakeProducer":
        return self

    async def partitions_for(self, _: str) -> set[int]:
        return {0, 1, 2}

    async def stop(self) -> None:
        pass


class FakeLane:
    """Settles nothing."""

    def put(self, share: Share) -> None:
        share.acknowledged = 1

    async def idle(self) -> None:
        pass


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def publisher(registry: CollectorRegistry) -> Publisher:
    metrics = Metrics(registry)
    return Publisher(FakeProducer(), "events", inflight_bytes=100, within=0.01, metrics=metrics)  # type: ignore[arg-type]


def test_a_request_without_room_is_refused_at_once_and_room_is_given_back(
    publisher: Publisher, registry: CollectorRegistry
) -> None:
    with publisher.room(60), publisher.room(40):
        assert registry.get_sample_value("bellwether_ingest_inflight_bytes") == 100
        with pytest.raises(BusyError, match="100 bytes wait for Kafka already, at most 100 may"), publisher.room(1):
            pass
    with publisher.room(100):
        pass
    assert registry.get_sample_value("bellwether_ingest_inflight_bytes") == 0


def test_a_request_larger_than_the_bound_is_let_in_alone(publisher: Publisher) -> None:
    with publisher.room(500), pytest.raises(BusyError), publisher.room(1):
        pass


async def test_a_borrower_has_its_place_once_the_topic_is_known(publisher: Publisher) -> None:
    with pytest.raises(RuntimeError, match="expected connect"):
        publisher.place("B-1")
    await publisher.connect()
    assert publisher.place("B-1") == (partition_of(b"B-1", 3), b"B-1")
    assert publisher.partitions == range(3)


async def test_a_share_out_of_time_is_settled_as_it_stands(publisher: Publisher) -> None:
    publisher._lanes = [FakeLane()]  # type: ignore[list-item]
    share = Share()
    share.records = [(b"k", b"1"), (b"k", b"2")]

    await publisher.publish({0: share})

    assert share.settled.done()
    assert (share.acknowledged, share.complete) == (1, False)
