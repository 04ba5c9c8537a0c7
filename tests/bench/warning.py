"""(a) How fast one worker decides, and what part of the bare reference's speed that is."""

import asyncio
import sys
import time
from statistics import median
from typing import Any

import msgspec

from deploy.local import processes
from tests.bench.machine import CpuMeter, Deployment, Machine, records_of, wait_decided
from tests.bench.workload import Item, generate

RUNS = 3


async def measure(machine: Machine, *, events: int = 400_000, borrowers: int = 50_000) -> dict[str, Any]:
    """Medians of alternating runs, worker and bare reference on the same log."""
    items = generate(events=events, borrowers=borrowers)
    bare, ours = [], []
    for _ in range(RUNS):
        deployment = await machine.deployment()
        await deployment.append(items)
        bare.append(await _bare(deployment, items))
        ours.append(await _worker(deployment, items))
        await deployment.remove()
    events_per_s = median(each["events_per_s"] for each in ours)
    bare_per_s = median(each["records"] / each["seconds"] for each in bare)
    return {
        "events_per_s": round(events_per_s),
        "cpu_us_per_event": round(median(each["cpu_us"] for each in ours), 1),
        "database_cpu_us_per_event": round(median(each["database_cpu_us"] for each in ours), 1),
        "bare_events_per_s": round(bare_per_s),
        "of_bare": round(events_per_s / bare_per_s, 3),
        "changes": ours[0]["changes"],
        "runs": [round(each["events_per_s"]) for each in ours],
    }


async def _bare(deployment: Deployment, items: list[Item]) -> dict[str, float]:
    log = deployment.machine.logs / f"{deployment.name}.bare.log"
    arguments = [
        deployment.machine.bootstrap,
        deployment.events_topic,
        f"{deployment.name}.warnings",
        str(records_of(items)),
    ]
    command = [sys.executable, "-m", "tests.bench.bare", *arguments]
    await asyncio.to_thread(processes.run, "the bare reference", command, log=log, seconds=300)
    said: dict[str, float] = msgspec.json.decode(log.read_bytes().splitlines()[-1])
    return said


async def _worker(deployment: Deployment, items: list[Item]) -> dict[str, float]:
    connection = await deployment.connect()
    worker = deployment.start("warning")
    try:
        began = await wait_decided(connection, 1, poll=0.002)
        meter = CpuMeter([worker.process.pid])
        database = CpuMeter([deployment.machine.postgres.pid])
        total = records_of(items)
        started_at = int(await connection.fetchval("SELECT sum(next_offset) FROM partition_progress"))
        began = time.perf_counter()
        ended = await wait_decided(connection, total)
        done = total - started_at
        return {
            "events_per_s": done / (ended - began),
            "cpu_us": meter.seconds() / done * 1e6,
            "database_cpu_us": database.seconds() / done * 1e6,
            "changes": int(await connection.fetchval("SELECT count(*) FROM changes")),
        }
    finally:
        await asyncio.to_thread(worker.process.stop)
        await connection.close()
