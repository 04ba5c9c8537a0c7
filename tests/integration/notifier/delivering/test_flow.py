"""Receivers are written to as fast as they bear, by all workers together, and left alone while they fail."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp import web

from services.notifier.core.flow import CircuitState, Rate
from services.notifier.delivering.worker import Pace
from services.notifier.settings import NotifierSettings
from services.notifier.store import pacing
from services.notifier.store.connection import Connection
from tests.changes import change
from tests.integration.notifier.conftest import NOW
from tests.integration.notifier.delivering.test_worker import FAST, Bench, running
from tests.sink import Received, Sink, hang, ok, webhook
from tests.topics import until

SELDOM = Pace(attempt=5, lease=10, poll=30)
"""What is due is not found by looking every so often: only by knowing when."""


async def _delivered(bench: Bench, number: int, receiver: str = "hook") -> None:
    async def all_are() -> bool:
        return await bench.states(receiver=receiver) == ["delivered"] * number

    await until(all_are, what=f"{number} are delivered")


async def test_three_workers_together_keep_to_the_rate_and_need_no_poll(settings: NotifierSettings, sink: Sink) -> None:
    receivers = {"hook": webhook(sink.url(), rate={"messages": 10, "per": "1s"})}
    async with (
        running(settings, receivers, SELDOM) as one,
        running(settings, receivers, SELDOM) as two,
        running(settings, receivers, SELDOM) as three,
    ):
        for number in range(12):
            await one.queue(change(number), "hook")
        for each in (two, three):
            each.worker.wake(["hook"])
        await _delivered(one, 12)

    times = [each.at for each in sink.received]
    assert len(times) == len({each.id for each in sink.received}) == 12
    assert 1.0 <= times[-1] - times[0] < 5.0, "11 intervals of 0.1 s, and no time lost to polling"


async def test_what_three_connections_claim_at_once_is_what_the_pace_lets_through(
    settings: NotifierSettings, sink: Sink
) -> None:
    rate = Rate(messages=60, per=timedelta(minutes=60), burst=4)
    connections = [Connection(settings) for _ in range(3)]
    async with running(settings, {"other": webhook(sink.url())}) as bench:
        for number in range(20):
            await bench.queue(change(number), "hook")

    async def claim(connection: Connection) -> int:
        async with connection.transaction() as inside:
            await pacing.begin(inside, ["hook"])
            later = NOW + timedelta(days=9999)
            return len((await pacing.claim_paced(inside, {"hook": 3}, {"hook": rate}, later, later)).claims)

    claimed = [sum(await asyncio.gather(*[claim(each) for each in connections])) for _ in range(4)]
    assert sum(claimed) == 4
    for each in connections:
        await each.close()


async def test_a_receiver_without_a_rate_is_not_held_up_by_one_that_has_used_up_its_own(
    settings: NotifierSettings, sink: Sink
) -> None:
    receivers = {"slow": webhook(sink.url("/slow"), rate={"messages": 1, "per": "1h"}), "hook": webhook(sink.url())}
    async with running(settings, receivers, SELDOM) as bench:
        for number in range(20):
            await bench.queue(change(number), "slow", "hook")
        await _delivered(bench, 20)

        assert len(sink.of("/slow")) <= 1


async def test_a_receiver_that_fails_is_left_alone_tried_by_one_and_taken_back(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = lambda _: web.Response(status=500)
    receivers = {"hook": webhook(sink.url(), retry=FAST, concurrency=1, breaker={"failures": 3, "pause": "400ms"})}
    async with running(settings, receivers, SELDOM) as bench:
        for number in range(10):
            await bench.queue(change(number), "hook")
        await until(lambda: _requests(sink, 4), what="the trial has come")
        assert _gauge(bench, "closed") == 0
        sink.answers["/"] = ok
        await _delivered(bench, 10)
        assert bench.worker.circuits() == {"hook": CircuitState.CLOSED}
        assert _gauge(bench, "closed") == 1

    times = [each.at for each in sink.received]
    assert times[3] - times[2] >= 0.39
    assert times[4] - times[3] >= 0.79, "the pause doubles"


async def _requests(sink: Sink, number: int) -> bool:
    return len(sink.received) >= number


def _gauge(bench: Bench, state: str) -> float | None:
    return bench.registry.get_sample_value("bellwether_notifier_endpoints", {"state": state})


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_for_time_gets_it_for_all_its_messages(
    settings: NotifierSettings, sink: Sink, status: int
) -> None:
    answers = [web.Response(status=status, headers={"Retry-After": "1"})]

    def first_asks(got: Received) -> web.Response:
        return answers.pop() if answers else ok(got)

    sink.answers["/"] = first_asks
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST, concurrency=1)}) as bench:
        for number in range(4):
            await bench.queue(change(number), "hook")
        await _delivered(bench, 4)

    gaps = [after.at - before.at for before, after in pairwise(sink.received)]
    assert gaps[0] >= 1.0
    assert max(gaps[1:3]) < 1.0


async def test_one_that_hangs_is_broken_after_a_while_and_the_others_never_notice(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/stuck"] = hang
    receivers = {f"r{number}": webhook(sink.url("/stuck" if number == 0 else "/")) for number in range(8)}
    async with running(settings, receivers, Pace(attempt=0.2, lease=10, poll=0.05)) as bench:
        for number in range(20):
            await bench.queue(change(number), *receivers)
        for name in [*receivers][1:]:
            await _delivered(bench, 20, name)

        async def broken() -> bool:
            return bench.worker.circuits()["r0"] is CircuitState.OPEN

        await until(broken, what="it is left alone")
        assert set(bench.worker.circuits().values()) == {CircuitState.OPEN, CircuitState.CLOSED}
        assert await bench.states(receiver="r0") == ["pending"] * 20
