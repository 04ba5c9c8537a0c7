"""The notifier as a real process, killed while it works: nothing is lost, and what repeats carries the same id."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from deploy.local.kafka import RealKafka
from deploy.local.services import Service
from services.notifier.core.message import delivery_id, fallback_id
from tests.changes import change, recovery
from tests.faults.notifier.conftest import Env, Start, prepared, write
from tests.sink import Received, Sink, hang, ok, webhook
from tests.topics import until

WARNINGS = 60


@pytest.fixture
async def env(real_kafka: RealKafka, database_url: str, topic_prefix: str, sink: Sink, tmp_path: Path) -> Env:
    """The settings of a notifier that tells one webhook of everything."""
    configuration = {
        "receivers": {"hook": webhook(sink.url("/hook"), concurrency=4, retry={"first": "50ms", "longest": "200ms"})},
        "routes": [{"receivers": ["hook"]}],
    }
    return await prepared(real_kafka, database_url, topic_prefix, configuration, tmp_path)


async def _arrived(sink: Sink, ids: set[str]) -> None:
    async def all_there() -> bool:
        return ids <= {each.id for each in sink.received}

    await until(all_there, what="every delivery has arrived")


async def _states(service: Service) -> list[str]:
    url, found, cursor = f"{service.url}/v1/deliveries", [], None
    async with aiohttp.ClientSession() as session:
        while True:
            query = {"limit": "500", **({"cursor": cursor} if cursor else {})}
            async with session.get(url, params=query) as answer:
                page: dict[str, Any] = await answer.json()
            found += [each["state"] for each in page["deliveries"]]
            cursor = page["next"]
            if cursor is None:
                return found


def _firsts_are_in_order(received: list[Received]) -> bool:
    """Per warning: no change is first seen before the one it follows is."""
    seen: set[str] = set()
    for each in received:
        if each.data["kind"] == "cleared" and f"{each.data['warning_id']} raised" not in seen:
            return False
        seen.add(f"{each.data['warning_id']} {each.data['kind']}")
    return True


class Rationed:
    """Answers so many requests, every sixth with a failure, and lets the others hang until there is more."""

    def __init__(self) -> None:
        self.left = 0
        self._chance = random.Random(20)

    async def __call__(self, got: Received) -> web.Response:
        if self.left <= 0:
            return await hang(got)
        self.left -= 1
        await asyncio.sleep(self._chance.random() * 0.03)
        return web.Response(status=503 if self._chance.random() < 1 / 6 else 204)


async def test_killed_again_and_again_it_loses_nothing_and_repeats_only_under_the_same_id(
    env: Env, sink: Sink, start: Start
) -> None:
    """Each kill comes while some deliveries are recorded, some are answered just now, some hang and most wait."""
    sink.answers["/hook"] = rationed = Rationed()
    changes = [each for number in range(WARNINGS) for each in (change(number), recovery(number))]
    ids = {str(delivery_id(each.change_id, "hook")) for each in changes}
    await write(env, changes)
    for kill in range(3):
        rationed.left, seen = 20, len(sink.received)
        service = await start(env, wait=False)

        async def in_the_middle(seen: int = seen) -> bool:
            return len(sink.received) > seen + 20

        await until(in_the_middle, what=f"kill {kill} can fall in the middle")
        await asyncio.to_thread(service.process.kill)
    rationed.left = 10_000
    service = await start(env)
    await _arrived(sink, ids)

    async def all_delivered() -> bool:
        return await _states(service) == ["delivered"] * len(ids)

    await until(all_delivered, what="all is recorded")
    assert {each.id for each in sink.received} == ids
    assert all(str(delivery_id(each.data["change_id"], "hook")) == each.id for each in sink.received)
    assert _firsts_are_in_order(sink.received)
    assert await asyncio.to_thread(service.process.stop) == 0


async def test_killed_between_sending_and_recording_it_sends_once_more_under_the_same_id(
    env: Env, sink: Sink, start: Start
) -> None:
    service = await start(env)
    sink.answers["/hook"] = hang
    await write(env, [change()])
    await _arrived(sink, {str(delivery_id(change().change_id, "hook"))})
    await asyncio.to_thread(service.process.kill)

    sink.answers["/hook"] = ok
    service = await start(env)

    async def delivered() -> bool:
        return await _states(service) == ["delivered"]

    await until(delivered, what="it is delivered")
    assert len({each.id for each in sink.received}) == 1
    assert len(sink.received) == 2
    assert await asyncio.to_thread(service.process.stop) == 0


async def test_killed_while_a_receiver_and_then_its_fallback_are_told_it_tells_the_fallback_under_one_id(
    env: Env, sink: Sink, start: Start
) -> None:
    hook, mail = webhook(sink.url("/hook"), fallback="mail"), webhook(sink.url("/mail"))
    text = yaml.safe_dump({"receivers": {"hook": hook, "mail": mail}, "routes": [{"receivers": ["hook"]}]})
    Path(env["NOTIFIER_CONFIG"]).write_text(text)  # noqa: ASYNC240 - before anything runs
    sink.answers["/hook"] = sink.answers["/mail"] = hang
    service = await start(env)
    await write(env, [change()])
    first = delivery_id(change().change_id, "hook")
    await _arrived(sink, {str(first)})
    await asyncio.to_thread(service.process.kill)

    sink.answers["/hook"] = lambda _: web.Response(status=404)
    service = await start(env)
    await _arrived(sink, {str(fallback_id(first, "mail"))})
    await asyncio.to_thread(service.process.kill)

    sink.answers["/mail"] = ok
    service, other = await start(env), await start(env)

    async def settled() -> bool:
        return sorted(await _states(service)) == ["dead", "delivered"]

    await until(settled, what="the fallback is told")
    assert {each.id for each in sink.of("/mail")} == {str(fallback_id(first, "mail"))}
    assert len(sink.of("/hook")) == 2, "what is handed on is not tried again"
    for each in (service, other):
        assert await asyncio.to_thread(each.process.stop) == 0


async def test_two_replicas_share_the_work_and_one_may_leave(env: Env, sink: Sink, start: Start) -> None:
    first = await start(env)
    second = await start(env)
    await write(env, [change(number) for number in range(30)])
    await _arrived(sink, {str(delivery_id(change(number).change_id, "hook")) for number in range(30)})
    assert await asyncio.to_thread(first.process.stop) == 0
    await write(env, [change(number) for number in range(30, 60)])
    await _arrived(sink, {str(delivery_id(change(number).change_id, "hook")) for number in range(60)})

    assert len(sink.received) == 60
    assert await asyncio.to_thread(second.process.stop) == 0


async def test_sigterm_ends_it_cleanly_within_ten_seconds_whatever_hangs(env: Env, sink: Sink, start: Start) -> None:
    service = await start({**env, "NOTIFIER_ATTEMPT_SECONDS": "30", "NOTIFIER_LEASE_SECONDS": "60"})
    sink.answers["/hook"] = hang
    await write(env, [change()])
    await _arrived(sink, {str(delivery_id(change().change_id, "hook"))})

    assert await asyncio.to_thread(service.process.stop, 10.0) == 0
    sink.answers["/hook"] = ok
    service = await start(env)

    async def delivered() -> bool:
        return await _states(service) == ["delivered"]

    await until(delivered, what="the attempt that was cut short is made again")
    assert await asyncio.to_thread(service.process.stop) == 0
