"""Replicas are killed while changes are held, released and sent: they tell what one that lives would."""

import asyncio
import random
import secrets
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from aiohttp import web

from deploy.local.kafka import RealKafka
from deploy.local.postgres import EmbeddedPostgres
from shared.warnings import About, Level, WarningChange
from tests.changes import change, recovery
from tests.faults.notifier.conftest import Env, Start, prepared, write
from tests.sink import Received, Sink, webhook
from tests.topics import until

BRANCHES, WARNINGS = 144, 400


def _changes() -> list[WarningChange]:
    """Warnings of some branches, those of each as serious as the others, and a third over before anybody was told."""
    levels = list(Level)
    made = [change(number, level=levels[number % len(levels)]) for number in range(WARNINGS)]
    made += [recovery(number) for number in range(0, WARNINGS, 3)]
    return [
        each.model_copy(update={"borrower_id": f"B-{number}", "about": About(branch=f"branch {number % BRANCHES}")})
        for each in made
        for number in [each.warning_id.int]
    ]


class Held:
    """What replicas of a notifier have gathered, which is due when the test says so."""

    def __init__(self, env: Env) -> None:
        self._env = env

    async def number(self) -> int:
        return int(await self._do("SELECT count(*) FROM notifier.notices"))

    async def pending(self) -> int:
        return int(await self._do("SELECT count(*) FROM notifier.queue"))

    async def until_there_are(self, changes: int) -> None:
        async def enough() -> bool:
            return await self.number() >= changes

        await until(enough, what=f"{changes} changes are held")

    async def fall_due(self) -> None:
        """An hour has gone by."""
        await self._do("UPDATE notifier.gatherings SET due_at = now()")

    async def _do(self, sql: str) -> Any:
        connection = await asyncpg.connect(self._env["DATABASE_URL"])
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


async def _told(sink: Sink, path: str, held: Held) -> dict[str, set[bytes]]:
    """What was sent there under each id, once there is nothing more to send."""

    async def all_sent() -> bool:
        return bool(sink.of(path)) and await held.pending() == 0

    await until(all_sent, what=f"all is sent to {path}")
    bodies: dict[str, set[bytes]] = {}
    for each in sink.of(path):
        bodies.setdefault(each.id, set()).add(each.body)
    return bodies


async def _tell_undisturbed(env: Env, sink: Sink, start: Start, changes: list[WarningChange]) -> dict[str, set[bytes]]:
    held = Held(env)
    await start(env, wait=False)
    await write(env, changes)
    await held.until_there_are(len(changes))
    await held.fall_due()
    return await _told(sink, "/one", held)


async def _tell_killed(env: Env, sink: Sink, start: Start, changes: list[WarningChange]) -> dict[str, set[bytes]]:
    """Replicas die while changes are taken in, while gatherings are released, and while messages are sent."""
    held, chance = Held(env), random.Random(4)
    replicas = [await start(env, wait=False) for _ in range(3)]

    async def kill_at(messages: int) -> None:
        async def so_many() -> bool:
            return len(sink.of("/three")) >= messages

        await until(so_many, what=f"{messages} messages are on their way")
        await asyncio.to_thread(replicas.pop(chance.randrange(len(replicas))).process.kill)

    async def slowly(_: Received) -> web.Response:
        await asyncio.sleep(chance.random() * 0.1)
        return web.Response(status=204)

    sink.answers["/three"] = slowly
    half = chance.randrange(len(changes))
    await write(env, changes[:half])
    await held.until_there_are(chance.randrange(1, half))
    await kill_at(0)
    await write(env, changes[half:])
    replicas.append(await start(env, wait=False))
    await held.until_there_are(len(changes))
    await held.fall_due()
    await kill_at(1)
    await kill_at(BRANCHES // 2)
    return await _told(sink, "/three", held)


async def test_killed_while_they_hold_release_and_send_three_replicas_tell_what_one_would(
    real_kafka: RealKafka, postgres_server: EmbeddedPostgres, sink: Sink, start: Start, tmp_path: Path
) -> None:
    async def made(path: str) -> Env:
        hook = webhook(sink.url(path), concurrency=8)
        route = {"receivers": ["hook"], "group": {"by": ["branch"], "wait": "1h"}}
        name = f"t{secrets.token_hex(5)}"
        url = await postgres_server.create_database(name)
        configuration = {"receivers": {"hook": hook}, "routes": [route]}
        return await prepared(real_kafka, url, f"{name}.", configuration, tmp_path)

    changes, (one, three) = _changes(), await asyncio.gather(made("/one"), made("/three"))
    undisturbed, killed = await asyncio.gather(
        _tell_undisturbed(one, sink, start, changes), _tell_killed(three, sink, start, changes)
    )
    assert killed == undisturbed
    assert {len(each) for each in killed.values()} == {1}, "what repeats says the same"
    told = [change for bodies in killed.values() for body in bodies for change in _changes_in(body)]
    assert sorted(told) == sorted(str(each.change_id) for each in changes), "each is told, in one message"


def _changes_in(body: bytes) -> list[str]:
    data = msgspec.json.decode(body)["data"]
    return [each["change_id"] for each in data.get("changes", [data])]
