"""The logs' ends are asked for in the background, and a Kafka that is away ends nothing."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from shared.kafka import ends as module
from shared.kafka.ends import LogEnds
from shared.kafka.lag import Lag
from tests.waiting import until

HERE = TopicPartition("orders", 0)
BEHIND = ("bellwether_x_records_behind", {"topic": "orders", "partition": "0"})


class FakeConsumer:
    """Answers with what is in `answers`, in turn: an end, or what to raise; None never comes."""

    def __init__(self, answers: list[int | Exception | None], log: list[str]) -> None:
        self._answers = answers
        self._log = log

    async def start(self) -> None:
        self._log.append("opened")

    async def stop(self) -> None:
        self._log.append("closed")

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        answer = self._answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, int)
        return dict.fromkeys(partitions, answer)


def asking(lag: Lag, *answers: int | Exception | None) -> tuple[LogEnds, list[str]]:
    log: list[str] = []
    left: Any = list(answers)
    return LogEnds(lambda: FakeConsumer(left, log), lag, every=0.001), log


async def test_a_partition_that_nobody_takes_from_falls_behind_as_its_log_grows() -> None:
    registry = CollectorRegistry()
    lag = Lag("x", registry)
    lag.stands(HERE, 7)
    ends, log = asking(lag, 7, 12)
    await ends.ask()
    assert registry.get_sample_value(*BEHIND) == 0
    await ends.ask()
    assert registry.get_sample_value(*BEHIND) == 5
    assert log == ["opened"]


@pytest.mark.parametrize("failure", [KafkaConnectionError(), OSError(), None])
async def test_without_an_answer_the_ends_stay_and_a_new_connection_asks_again(
    failure: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.02)
    registry = CollectorRegistry()
    lag = Lag("x", registry)
    lag.stands(HERE, 7)
    ends, log = asking(lag, 9, failure, 30)
    await ends.ask()
    await ends.ask()
    assert registry.get_sample_value(*BEHIND) == 2
    await ends.ask()
    assert registry.get_sample_value(*BEHIND) == 23
    assert log == ["opened", "closed", "opened"]


async def test_nobody_is_asked_while_nothing_is_measured() -> None:
    ends, log = asking(Lag("x", CollectorRegistry()))
    await ends.ask()
    assert log == []


async def test_it_asks_until_it_is_told_to_stop_and_closes_its_connection() -> None:
    lag, stop = Lag("x", CollectorRegistry()), asyncio.Event()
    lag.stands(HERE, 7)
    answers: list[int | Exception | None] = [8] * 1000
    log: list[str] = []
    ends = LogEnds(lambda: FakeConsumer(answers, log), lag, every=0.001)
    running = asyncio.create_task(ends.run(stop))
    await until(lambda: len(answers) <= 997)
    stop.set()
    await running
    assert log == ["opened", "closed"]
