"""A fetch is committed only once all of it is dealt with, whatever Kafka and the group do meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError, RequestTimedOutError
from prometheus_client import CollectorRegistry

from shared.kafka import member as module
from shared.kafka.lag import Lag
from shared.kafka.member import Attempt, Member, Records, each_of

HERE = TopicPartition("orders", 0)


def record(offset: int) -> Any:
    return SimpleNamespace(topic=HERE.topic, partition=HERE.partition, offset=offset, timestamp=0)


class Group:
    """A consumer whose fetches are given; once they are used up, it is time to stop. Failures are met in turn."""

    def __init__(self, *fetches: Sequence[int], stop: asyncio.Event) -> None:
        self.log: list[str] = []
        self.failures: dict[str, list[Exception]] = {"start": [], "commit": []}
        self.answers: list[Any] = []
        """What attempts return, in turn, or what to await for that; then True."""
        self.at = 0
        """Where the consumer stands, beyond the last record it gave."""
        self._fetches = list(fetches)
        self._stop = stop

    def _fail(self, of: str) -> None:
        if self.failures[of]:
            raise self.failures[of].pop(0)

    def subscribe(self, topics: list[str], listener: Member) -> None:
        self.listener = listener

    async def start(self) -> None:
        self._fail("start")

    async def stop(self) -> None:
        self.log.append("stopped")

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, Sequence[Any]]:
        if self._fetches and (fetch := self._fetches.pop(0)):
            self.at = fetch[-1] + 1
            return {HERE: [record(offset) for offset in fetch]}
        if not self._fetches:
            self._stop.set()
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    def highwater(self, _: TopicPartition) -> int:
        return 10

    async def position(self, _: TopicPartition) -> int:
        return self.at

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self._fail("commit")
        self.log.append(f"committed {offsets[HERE]}")

    def take(self, records: Records) -> Attempt:
        async def attempt() -> bool:
            self.log.append("tried " + " ".join(str(each.offset) for each in each_of(records)))
            answer = self.answers.pop(0) if self.answers else True
            return bool(await answer() if callable(answer) else answer)

        return attempt


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    monkeypatch.setattr(module, "REVOKE_SECONDS", 0.01)
    monkeypatch.setattr(module, "COMMIT_EVERY_SECONDS", 0)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


def member(group: Any) -> Member:
    return Member(lambda: group, HERE.topic, group.take, most=10, lag=Lag("test", CollectorRegistry()))


async def test_a_fetch_is_tried_until_nothing_of_it_is_left_and_committed_then(stop: asyncio.Event) -> None:
    group = Group([0, 1], [2], stop=stop)
    group.answers = [False, False]
    await member(group).run(stop)
    assert group.log == ["tried 0 1", "tried 0 1", "tried 0 1", "committed 2", "tried 2", "committed 3", "stopped"]


async def test_while_there_is_more_to_fetch_it_commits_now_and_then_and_at_the_end(
    stop: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_EVERY_SECONDS", 1000)
    group = Group([0], [1], [2], [], [3], stop=stop)
    await member(group).run(stop)
    assert group.log == [
        *("tried 0", "committed 1", "tried 1", "tried 2", "committed 3"),  # nothing more to fetch just then
        *("tried 3", "committed 4", "stopped"),
    ]


async def test_what_is_dealt_with_is_committed_before_its_partition_is_given_away(
    stop: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_EVERY_SECONDS", 1000)
    group = Group([0], [1], [2], stop=stop)

    async def rebalance_meanwhile() -> bool:
        await group.listener.on_partitions_revoked({HERE})
        return True

    group.answers = [True, True, rebalance_meanwhile]
    await member(group).run(stop)
    assert group.log == ["tried 0", "committed 1", "tried 1", "tried 2", "committed 2", "stopped"]


async def test_one_that_fails_when_it_is_time_to_stop_is_not_committed(stop: asyncio.Event) -> None:
    group = Group([0], stop=stop)

    async def ask_to_stop() -> bool:
        stop.set()
        return False

    group.answers = [ask_to_stop]
    await member(group).run(stop)
    assert group.log == ["tried 0", "stopped"]


async def test_a_commit_that_fails_is_made_up_for(stop: asyncio.Event) -> None:
    group = Group([0], [], [1], [], stop=stop)
    group.failures["commit"] = [RequestTimedOutError()]
    await member(group).run(stop)
    assert group.log == ["tried 0", "committed 1", "tried 1", "committed 2", "stopped"]


@pytest.mark.parametrize("refusal", [CommitFailedError(), IllegalStateError(HERE)])
async def test_a_commit_refused_after_a_rebalance_is_left_to_the_next_owner(
    stop: asyncio.Event, refusal: Exception
) -> None:
    group = Group([0], [], stop=stop)
    group.failures["commit"] = [refusal]
    await member(group).run(stop)
    assert group.log == ["tried 0", "stopped"]


@pytest.mark.parametrize("done", [False, True])
async def test_a_fetch_that_outlasts_a_rebalance_is_abandoned_and_not_committed(
    stop: asyncio.Event, done: bool
) -> None:
    group = Group([0], stop=stop)

    async def rebalance_meanwhile() -> bool:
        await group.listener.on_partitions_revoked({HERE})
        return done

    group.answers = [rebalance_meanwhile]
    await member(group).run(stop)
    assert group.log == ["tried 0", "stopped"]


async def test_it_waits_for_a_kafka_that_is_away_at_the_start(stop: asyncio.Event) -> None:
    group = Group([0], stop=stop)
    group.failures["start"] = [KafkaConnectionError(), OSError()]
    await member(group).run(stop)
    assert group.log == ["stopped", "stopped", "tried 0", "committed 1", "stopped"]


async def test_it_is_ready_once_the_group_has_let_it_in(stop: asyncio.Event) -> None:
    made = member(Group(stop=stop))
    with pytest.raises(ConnectionError, match="has not joined the group that reads orders yet"):
        await made.check()
    await made.on_partitions_revoked(set())
    await made.on_partitions_assigned({HERE})
    await made.check()


async def test_once_there_is_nothing_more_it_commits_where_the_log_ends_behind_the_last_record(
    stop: asyncio.Event,
) -> None:
    group = Group([0], [], [], [1], [], [], [], stop=stop)

    async def followed_by_a_marker() -> bool:
        group.at += 1
        return True

    group.answers = [followed_by_a_marker, True]
    await member(group).run(stop)
    assert group.log == ["tried 0", "committed 1", "committed 2", "tried 1", "committed 2", "stopped"]


async def test_a_position_that_moved_since_the_last_look_is_not_committed(stop: asyncio.Event) -> None:
    group = Group([], [], [], [], stop=stop)

    async def moved() -> int:
        group.at += 1
        return group.at

    group.position = lambda _: moved()  # type: ignore[method-assign]
    await member(group).run(stop)
    assert group.log == ["stopped"]


async def test_what_it_did_not_expect_ends_it(stop: asyncio.Event) -> None:
    group = Group([0], stop=stop)
    group.failures["commit"] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await member(group).run(stop)
    assert group.log == ["tried 0", "stopped"]
