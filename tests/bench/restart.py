"""(d) After kill -9 with 200,000 borrowers: how long until the next process decides again."""

import asyncio
import time
from typing import Any

from tests.bench.machine import Deployment, Machine, decided, records_of, wait_decided, wait_gone
from tests.bench.workload import Item, generate

INSTANCE = {"WARNING_GROUP_INSTANCE_ID": "warning-0"}


async def measure(machine: Machine, *, borrowers: int = 200_000) -> dict[str, Any]:
    """Seconds from the kill to the first commit of the next process: with static membership and without."""
    items = generate(events=borrowers * 4, borrowers=borrowers)
    return {
        "borrowers": borrowers,
        "seconds": await _seconds(machine, items, INSTANCE),
        "dynamic_seconds": await _seconds(machine, items, {}),
    }


async def _seconds(machine: Machine, items: list[Item], membership: dict[str, str]) -> float:
    deployment = await machine.deployment()
    connection = await deployment.connect()
    cut = len(items) * 3 // 4
    await deployment.append(items[:cut])
    worker = deployment.start("warning", **membership)
    try:
        await wait_decided(connection, records_of(items[:cut]), poll=0.1)
        await deployment.append(items[cut:])
        await _under_way(deployment, records_of(items[:cut]))
        killed = time.perf_counter()
        await asyncio.to_thread(worker.process.kill)
        await wait_gone(connection)
        before = await decided(connection)
        worker = deployment.start("warning", **membership)
        again = await wait_decided(connection, before + 1, poll=0.01)
        return round(again - killed, 2)
    finally:
        await asyncio.to_thread(worker.process.stop)
        await connection.close()
        await deployment.remove()


async def _under_way(deployment: Deployment, more_than: int) -> None:
    connection = await deployment.connect()
    await wait_decided(connection, more_than + 1)
    await connection.close()
