"""Who cannot be told has somebody told in their place: once, whoever notices first, and never in a circle."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.notifier.channels import discover
from services.notifier.core.message import delivery_id, fallback_id
from services.notifier.delivering.fallbacks import Fallbacks
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store.connection import Connection
from shared.clock import WallClock
from tests.changes import change, recovery
from tests.integration.notifier.delivering.test_worker import FAST, Bench, running
from tests.sink import Sink, ok, webhook
from tests.topics import until

_OPEN = """
INSERT INTO open_warnings (warning_id, borrower_id, level, at, change_id, told)
SELECT $1, 'B', 'red', now(), $2, '{hook}'
"""


async def _open(connection: Connection, number: int) -> UUID:
    """Make the warning open, told to `hook`."""
    async with connection.statements() as inside:
        await inside.execute(_OPEN, change(number).warning_id, change(number).change_id)
    return change(number).warning_id


async def _told(connection: Connection, warning: UUID) -> list[str]:
    async with connection.statements() as inside:
        return list(await inside.fetchval("SELECT told FROM open_warnings WHERE warning_id = $1", warning))


def _status(status: int) -> Any:
    return lambda _: web.Response(status=status)


async def _states(bench: Bench, expected: Mapping[str, list[str]]) -> None:
    async def as_expected() -> bool:
        return {name: sorted(await bench.states(receiver=name)) for name in expected} == expected

    await until(as_expected, what=f"deliveries are {expected}")


def _handing_on(bench: Bench, receivers: dict[str, dict[str, Any]], connection: Connection) -> Fallbacks:
    parsed = {name: discover()["webhook"].settings.model_validate(each) for name, each in receivers.items()}
    return Fallbacks(
        lambda: parsed, bench.worker, connection, clock=WallClock(), metrics=Metrics(CollectorRegistry()), every=60
    )


async def test_what_is_refused_is_told_to_the_fallback_which_hears_of_the_recovery_as_well(
    settings: NotifierSettings, sink: Sink, connection: Connection
) -> None:
    sink.answers["/"] = _status(404)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"))}
    async with running(settings, receivers) as bench:
        warning = await _open(connection, 1)
        await bench.queue(change(1), "hook")
        await _states(bench, {"hook": ["dead"], "mail": ["delivered"]})
        [copy] = (await bench.deliveries.page({"receiver": "mail"}, limit=9)).rows
        [first] = (await bench.deliveries.page({"receiver": "hook"}, limit=9)).rows
        assert sorted(await _told(connection, warning)) == ["hook", "mail"]

    assert (copy["purpose"], copy["stands_for"], first["fallback"]) == ("fallback", first["id"], "mail")
    assert copy["id"] == fallback_id(delivery_id(change(1).change_id, "hook"), "mail")
    assert copy["give_up_at"] > first["give_up_at"]
    assert sink.of("/mail")[0].data["change_id"] == str(change(1).change_id)


async def test_what_is_given_up_at_its_deadline_is_told_to_the_fallback_as_of_when_it_was_made(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = _status(500)
    receivers = {"hook": webhook(sink.url(), fallback="mail", retry=FAST), "mail": webhook(sink.url("/mail"))}
    async with running(settings, receivers) as bench:
        await bench.queue(change(1), "hook", lives=timedelta(milliseconds=100))
        await _states(bench, {"hook": ["dead"], "mail": ["delivered"]})


async def test_two_fallbacks_of_each_other_that_both_refuse_end_the_matter(
    settings: NotifierSettings, sink: Sink
) -> None:
    sink.answers["/"] = sink.answers["/mail"] = _status(404)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"), fallback="hook")}
    async with running(settings, receivers) as bench:
        await bench.queue(change(1), "hook")
        await _states(bench, {"hook": ["dead"], "mail": ["dead"]})
        await bench.queue(change(2), "hook")
        await _states(bench, {"hook": ["dead", "dead"], "mail": ["dead", "dead"]})

    assert len(sink.received) == 4


async def test_a_chain_of_fallbacks_is_followed_to_whoever_can_be_told(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = sink.answers["/mail"] = _status(404)
    receivers = {
        "hook": webhook(sink.url(), fallback="mail"),
        "mail": webhook(sink.url("/mail"), fallback="head"),
        "head": webhook(sink.url("/head"), fallback="hook"),
    }
    async with running(settings, receivers) as bench:
        await bench.queue(change(1), "hook")
        await _states(bench, {"hook": ["dead"], "mail": ["dead"], "head": ["delivered"]})
        [last] = (await bench.deliveries.page({"receiver": "head"}, limit=9)).rows

    assert last["stands_for"] == delivery_id(change(1).change_id, "hook")


async def test_a_fallback_that_was_told_anyway_is_not_told_again(settings: NotifierSettings, sink: Sink) -> None:
    sink.answers["/"] = _status(404)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"))}
    async with running(settings, receivers) as bench:
        await bench.queue(change(1), "hook", "mail")
        await _states(bench, {"hook": ["dead"], "mail": ["delivered"]})

    assert len(sink.of("/mail")) == 1


async def test_what_waits_for_a_disabled_receiver_is_handed_on_at_once_and_by_one_replica(
    settings: NotifierSettings, sink: Sink, connection: Connection, other: Connection
) -> None:
    sink.answers["/"] = _status(410)
    receivers = {"hook": webhook(sink.url(), fallback="mail"), "mail": webhook(sink.url("/mail"))}
    async with running(settings, receivers) as bench:
        await bench.queue(change(0), "hook")
        await _states(bench, {"hook": ["dead"], "mail": ["delivered"]})
        for number in range(1, 9):
            await bench.queue(change(number), "hook")
        await bench.queue(recovery(1), "hook")

        replicas = [_handing_on(bench, receivers, each) for each in (connection, other)]
        await asyncio.gather(*[each.once() for each in replicas])
        await _states(bench, {"hook": ["dead", *["pending"] * 9], "mail": ["delivered"] * 10})
        await replicas[0].once()
        await _states(bench, {"mail": ["delivered"] * 10})

    kinds = [each.data["kind"] for each in sink.of("/mail") if each.data["warning_id"] == str(change(1).warning_id)]
    assert kinds == ["raised", "cleared"], "a recovery never comes before its raise"


async def test_what_waits_for_a_receiver_broken_beyond_patience_is_handed_on_and_still_tried(
    settings: NotifierSettings, sink: Sink, connection: Connection
) -> None:
    sink.answers["/"] = _status(500)
    impatient = {"failures": 2, "pause": "50ms", "longest": "50ms", "patience": "300ms"}
    receivers = {
        "hook": webhook(sink.url(), fallback="mail", retry=FAST, breaker=impatient),
        "mail": webhook(sink.url("/mail")),
    }
    async with running(settings, receivers) as bench:
        for number in range(3):
            await bench.queue(change(number), "hook")
        handing = _handing_on(bench, receivers, connection)
        await handing.once()
        assert await bench.states(receiver="mail") == [], "nobody is handed anything for a moment's trouble"

        await until(lambda: _lasting(bench), what="its patience is over")
        await handing.once()
        await _states(bench, {"hook": ["pending"] * 3, "mail": ["delivered"] * 3})

        sink.answers["/"] = ok
        await _states(bench, {"hook": ["delivered"] * 3, "mail": ["delivered"] * 3})


async def _lasting(bench: Bench) -> bool:
    return bench.worker.lasting() == {"hook"}


@pytest.mark.parametrize("status", [204, 404])
async def test_every_attempt_keeps_a_digest_of_what_was_sent(
    settings: NotifierSettings, sink: Sink, status: int
) -> None:
    sink.answers["/"] = _status(status)
    async with running(settings, {"hook": webhook(sink.url())}) as bench:
        await bench.queue(change(1), "hook")
        await _states(bench, {"hook": ["delivered" if status == 204 else "dead"]})
        detail = await bench.deliveries.one(delivery_id(change(1).change_id, "hook"))

    assert detail is not None
    assert [each["request_digest"] for each in detail["attempts"]] == [sha256(sink.received[0].body).hexdigest()]
