"""Nobody hears of the end of what they have not heard of, and who may have heard hears it: on real endpoints."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from services.notifier.core.message import Purpose, delivery_id
from services.notifier.settings import NotifierSettings
from services.notifier.store import claiming, replaying
from services.notifier.store.connection import Connection
from services.notifier.store.making import NewDelivery, make
from services.notifier.store.taking import see, supersede
from shared.warnings import Kind, Level, WarningChange
from tests.changes import change, recovery, taken, warning
from tests.integration.notifier.delivering.test_worker import FAST, PACE, Bench, running
from tests.sink import Received, Sink, hang, ok, webhook
from tests.topics import until

GONE = "http://127.0.0.1:9/"
"""Nobody listens on the port for discarding."""


def _status(status: int) -> Any:
    return lambda _: web.Response(status=status)


async def _settled(bench: Bench, expected: Mapping[str, list[str]]) -> None:
    """Wait until the deliveries to each receiver, the newest first, are in these states."""

    async def as_expected() -> bool:
        return {name: await bench.states(receiver=name) for name in expected} == expected

    await until(as_expected, what=f"deliveries are {expected}")


async def _untold(bench: Bench, receiver: str = "hook") -> list[int]:
    """The warnings of which a receiver did not hear for want of a beginning."""
    sql = "SELECT warning_id FROM notices WHERE receiver = $1 AND state = 'suppressed' AND reason = 'untold'"
    async with bench.connections[2].statements() as inside:
        return [row["warning_id"].int for row in await inside.fetch(f"{sql} ORDER BY 1", receiver)]


@asynccontextmanager
async def _nobody_sends(settings: NotifierSettings) -> AsyncIterator[Bench]:
    """What is queued stays there."""
    bench = Bench(settings, {}, PACE)
    yield bench
    for each in bench.connections:
        await each.close()
    await bench.engine.dispose()


def _kinds(sink: Sink, path: str = "/") -> list[str]:
    return [each.data["kind"] for each in sink.of(path)]


@pytest.mark.parametrize("pace", [{}, {"rate": {"messages": 600, "per": "1m", "burst": 9}}], ids=["freely", "paced"])
async def test_who_refused_the_beginning_is_not_told_of_the_end_and_a_notice_says_why(
    settings: NotifierSettings, sink: Sink, pace: dict[str, Any]
) -> None:
    sink.answers["/"] = _status(404)
    async with running(settings, {"hook": webhook(sink.url(), **pace)}) as bench:
        await bench.queue(change(1), "hook")
        await _settled(bench, {"hook": ["dead"]})
        sink.answers["/"] = ok
        await bench.queue(recovery(1), "hook")
        await _settled(bench, {"hook": ["suppressed", "dead"]})
        await bench.queue(change(2), "hook")
        await _settled(bench, {"hook": ["delivered", "suppressed", "dead"]})
        assert await _untold(bench) == [1]

    assert _kinds(sink) == ["raised", "raised"]


async def test_who_could_not_be_reached_for_the_beginning_is_not_told_of_the_end(
    settings: NotifierSettings, sink: Sink
) -> None:
    async with running(settings, {"hook": webhook(GONE, retry=FAST)}) as bench:
        await bench.queue(change(1), "hook", lives=timedelta(milliseconds=100))
        await bench.queue(recovery(1), "hook")
        await _settled(bench, {"hook": ["suppressed", "dead"]})
        assert await _untold(bench) == [1]


@pytest.mark.parametrize("answer", [_status(500), hang], ids=["failed while it took it", "never answered"])
async def test_who_may_have_heard_of_the_beginning_is_told_of_the_end(
    settings: NotifierSettings, sink: Sink, answer: Any
) -> None:
    sink.answers["/"] = answer
    pace = type(PACE)(attempt=0.2, lease=10, poll=0.02)
    async with running(settings, {"hook": webhook(sink.url(), retry=FAST)}, pace) as bench:
        await bench.queue(change(1), "hook", lives=timedelta(milliseconds=100))
        await _settled(bench, {"hook": ["dead"]})
        sink.answers["/"] = ok
        await bench.queue(recovery(1), "hook")
        await _settled(bench, {"hook": ["delivered", "dead"]})

    assert _kinds(sink)[-1] == "cleared"


async def test_an_end_that_took_the_place_of_an_unsent_beginning_is_not_told(
    settings: NotifierSettings, sink: Sink
) -> None:
    async with _nobody_sends(settings) as bench:
        await bench.queue(change(1), "hook")
        async with bench.connections[2].transaction() as inside:
            assert await supersede(inside, [("hook", warning(1))], datetime.now(UTC))
        await bench.queue(recovery(1), "hook")
    async with running(settings, {"hook": webhook(sink.url())}) as another:
        await _settled(another, {"hook": ["suppressed", "superseded"]})

    assert sink.received == []


async def test_a_beginning_that_a_killed_worker_had_in_hand_may_have_been_heard(
    settings: NotifierSettings, sink: Sink
) -> None:
    """It is claimed, and the worker is gone: nobody knows what came of it, so the end is told."""
    sink.answers["/"] = lambda got: _status(404)(got) if got.data["kind"] == "raised" else ok(got)
    async with _nobody_sends(settings) as bench:
        await bench.queue(change(1), "hook")
        async with bench.connections[2].statements() as inside:
            now = datetime.now(UTC)
            assert await claiming.claim(inside, {"hook": 1}, now, now)
        await bench.queue(recovery(1), "hook")
    async with running(settings, {"hook": webhook(sink.url())}) as another:
        await _settled(another, {"hook": ["delivered", "dead"]})
    assert _kinds(sink) == ["raised", "cleared"]


async def test_the_end_waits_for_a_beginning_in_flight_and_is_told_if_that_arrives(
    settings: NotifierSettings, sink: Sink
) -> None:
    answered = asyncio.Event()

    async def slowly(_: Received) -> web.Response:
        await answered.wait()
        return web.Response(status=204)

    sink.answers["/"] = slowly
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(1), "hook")
        await until(lambda: asyncio.sleep(0, bool(sink.received)))
        await bench.queue(recovery(1), "hook")
        assert await bench.states() == ["pending", "pending"]
        answered.set()
        await _settled(bench, {"hook": ["delivered", "delivered"]})

    assert _kinds(sink) == ["raised", "cleared"]


async def test_a_fallback_that_heard_of_no_beginning_hears_of_no_end(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = lambda got: _status(404)(got) if got.data["kind"] == "cleared" else ok(got)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"))}
    async with running(settings, receivers) as bench:
        await bench.queue(change(1), "hook")
        await bench.queue(recovery(1), "hook")
        await _settled(bench, {"hook": ["dead", "delivered"], "mail": ["suppressed"]})
        assert await _untold(bench, "mail") == [1]

    assert sink.of("/mail") == []


async def test_the_fallback_that_alone_heard_of_the_beginning_alone_hears_of_the_end(
    settings: NotifierSettings, sink: Sink
) -> None:
    """The end is planned while the first receiver still refuses nothing: nobody knew then of the fallback."""
    sink.answers["/"] = lambda got: _status(404)(got) if got.data["kind"] == "raised" else ok(got)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"))}
    async with _nobody_sends(settings) as bench:
        await bench.queue(change(1), "hook")
        await bench.queue(recovery(1), "hook")
    async with running(settings, receivers) as another:
        await _settled(another, {"hook": ["suppressed", "dead"], "mail": ["delivered", "delivered"]})

    assert _kinds(sink) == ["raised"]
    assert _kinds(sink, "/mail") == ["raised", "cleared"]


async def _several(bench: Bench, *changes: WarningChange) -> UUID:
    """One message on several warnings."""
    now = datetime.now(UTC)
    leading, *others = changes
    identity = UUID(int=99)
    async with bench.connections[2].transaction() as inside:
        await see(inside, [taken(each) for each in changes], now)
        given = NewDelivery(
            identity, leading, "hook", "webhook", now + timedelta(hours=1), Purpose.GROUP,
            others=[each.change_id for each in others], total=len(changes),
            mentions={each.warning_id for each in others},
        )  # fmt: skip
        await make(inside, [given], now)
    bench.worker.wake(["hook"])
    return identity


async def test_of_a_message_on_several_warnings_only_the_end_that_nobody_heard_of_the_beginning_is_left_out(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = lambda got: _status(404)(got) if got.data["warning_id"] == str(warning(1)) else ok(got)
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(1), "hook")
        await bench.queue(change(2), "hook")
        await _settled(bench, {"hook": ["delivered", "dead"]})
        sink.received.clear()
        sink.answers["/"] = ok
        identity = await _several(bench, change(3, level=Level.RED), recovery(1), recovery(2))
        await _settled(bench, {"hook": ["delivered", "delivered", "dead"]})
        assert await _untold(bench) == [1]

    [sent] = sink.received
    assert sent.id == str(identity)
    assert str(warning(2)) in sent.body.decode()
    assert str(warning(1)) not in sent.body.decode()


async def test_the_end_is_told_to_whom_a_message_on_several_warnings_told_the_beginning(
    settings: NotifierSettings, sink: Sink, connection: Connection
) -> None:
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        identity = await _several(bench, change(1, level=Level.RED), change(2))
        async with connection.statements() as inside:
            await inside.execute(
                "INSERT INTO notices (change_id, warning_id, borrower_id, receiver, state, reason, delivery_id, at)"
                " VALUES ($1, $2, 'B', 'hook', 'told', 'group', $3, now())",
                change(2).change_id, warning(2), identity,
            )  # fmt: skip
        await _settled(bench, {"hook": ["delivered"]})
        await bench.queue(change(2, 1, kind=Kind.ESCALATED, level=Level.RED), "hook", lives=-timedelta(hours=1))
        await bench.queue(recovery(2, 2), "hook")
        await _settled(bench, {"hook": ["delivered"] * 3})


@pytest.mark.parametrize("by", ["itself", "a replay"])
async def test_a_beginning_that_is_sent_again_takes_its_end_along(
    settings: NotifierSettings, sink: Sink, by: str
) -> None:
    sink.answers["/"] = _status(404)
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(1), "hook")
        await bench.queue(recovery(1), "hook")
        await _settled(bench, {"hook": ["suppressed", "dead"]})
        sink.answers["/"] = ok
        now = datetime.now(UTC)
        first, lives = delivery_id(change(1).change_id, "hook"), timedelta(hours=1)
        if by == "itself":
            assert await bench.deliveries.revive(first, now=now, give_up_at=now + lives)
        else:
            deadlines = {("hook", level): lives for level in (None, *Level)}
            async with bench.connections[2].transaction() as inside:
                assert len(await replaying.revive(inside, replaying.Which(["hook"]), 9, deadlines, now)) == 2
        await _settled(bench, {"hook": ["delivered", "delivered"]})
        assert await _untold(bench) == []

    assert _kinds(sink) == ["raised", "raised", "cleared"]
