"""(e) What an event costs as the book grows: states stored beforehand, borrowers drawn evenly."""

import asyncio
from random import Random
from typing import Any

from tests.bench.machine import CpuMeter, Deployment, Machine, records_of, wait_decided
from tests.bench.workload import Item, generate

BOOKS = (50_000, 200_000, 500_000)
DRAWN = 100_000
CACHE_OF_A_TENTH_MB = {50_000: 3, 200_000: 13, 500_000: 33}
"""At 400 bytes a state and 250 beside it."""


async def measure(machine: Machine) -> dict[str, Any]:
    """Microseconds of CPU an event, the worker's own: with room for all borrowers, and with room for a tenth."""
    figures: dict[str, Any] = {}
    for borrowers in BOOKS:
        deployment = await machine.deployment()
        stored, drawn = _book(borrowers)
        await deployment.append(stored)
        figures[str(borrowers)] = await _cost(deployment, stored, drawn, 4_096)
        deployment_small = await machine.deployment()
        await deployment_small.append(stored)
        figures[f"{borrowers}_cache_of_a_tenth"] = await _cost(
            deployment_small, stored, drawn, CACHE_OF_A_TENTH_MB[borrowers]
        )
        await deployment.remove()
        await deployment_small.remove()
    return figures


def _book(borrowers: int) -> tuple[list[Item], list[Item]]:
    """Events that bring every borrower into being, and the later ones, drawn evenly, whose cost is measured."""
    items = [each for each in generate(events=borrowers * 4, borrowers=borrowers) if each.key is not None]
    cut = len(items) - max(DRAWN, len(items) // 4)
    later = items[cut:]
    chosen = sorted(Random(1).sample(range(len(later)), DRAWN))
    return items[:cut], [later[each] for each in chosen]


async def _cost(deployment: Deployment, stored: list[Item], drawn: list[Item], cache_mb: int) -> float:
    connection = await deployment.connect()
    worker = deployment.start("warning", WARNING_CACHE_MB=str(cache_mb))
    try:
        await wait_decided(connection, records_of(stored), poll=0.2)
        meter = CpuMeter([worker.process.pid])
        await deployment.append(drawn)
        await wait_decided(connection, records_of(stored) + len(drawn))
        return round(meter.seconds() / len(drawn) * 1e6, 1)
    finally:
        await asyncio.to_thread(worker.process.stop)
        await connection.close()
