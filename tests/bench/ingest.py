"""How many events a second ingest takes over HTTP, acknowledged by Kafka: in batches of 1,000, and one by one."""

import asyncio
import json
import sys
from typing import Any

import typer

from deploy.local import processes
from shared.events import example
from tests.bench.machine import CpuMeter, Machine

SECONDS = 12.0
WARM_UP_SECONDS = 3.0
BATCH_EVENTS = 1_000
BORROWERS = 20_000
BODIES = 64
"""Different bodies, sent in turn: what is sent has no part in what is measured."""
CONNECTIONS = {"batch": 6, "single": 48}


async def measure(machine: Machine) -> dict[str, Any]:
    """Start an ingest and drive it from another process."""
    deployment = await machine.deployment()
    ingest = deployment.start("ingest", INGEST_INBOUND="off")
    ingest.wait_ready()
    figures: dict[str, Any] = {}
    try:
        for mode, events in (("batch", BATCH_EVENTS), ("single", 1)):
            meter = CpuMeter([ingest.process.pid])
            requests, seconds = await _drive(mode, ingest.port)
            spent = meter.seconds()
            figures[f"{mode}_events_per_s"] = round(requests * events / seconds)
            spent *= seconds / (seconds + WARM_UP_SECONDS)
            figures[f"{mode}_cpu_us_per_event"] = round(spent * 1e6 / requests / events, 1)
    finally:
        ingest.process.stop()
        await deployment.remove()
    return figures


async def _drive(mode: str, port: int) -> tuple[int, float]:
    """The requests answered 202 after the warm-up, and in how many seconds."""
    command = [sys.executable, "-m", "tests.bench.ingest", mode, str(port)]
    client = await asyncio.create_subprocess_exec(*command, cwd=processes.ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await client.communicate()
    if client.returncode:
        raise RuntimeError(f"the client ended with exit code {client.returncode}")
    requests, seconds = said.split()
    return int(requests), float(seconds)


def _requests(mode: str) -> list[bytes]:
    """Whole HTTP requests, ready to be written to a socket."""
    events = [_event(number) for number in range(BODIES * (BATCH_EVENTS if mode == "batch" else 1))]
    if mode == "single":
        return [_request("/v1/events", "application/cloudevents+json", event) for event in events]
    bodies = [b"\n".join(events[start : start + BATCH_EVENTS]) for start in range(0, len(events), BATCH_EVENTS)]
    return [_request("/v1/events:batch", "application/x-ndjson", body) for body in bodies]


def _event(number: int) -> bytes:
    event = {**example("repayment.received"), "id": f"bench-{number}", "subject": f"B-{number * 7919 % BORROWERS}"}
    return json.dumps(event, separators=(",", ":")).encode()


def _request(path: str, content_type: str, body: bytes) -> bytes:
    head = ["Host: ingest", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"POST {path} HTTP/1.1", *head, "", ""]).encode() + body


class _Load:
    """Connections that each send the next request once the last one is answered."""

    def __init__(self, requests: list[bytes], port: int) -> None:
        self.answered = 0
        self._requests = requests
        self._port = port

    async def connection(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while True:
            writer.write(self._requests[number % len(self._requests)])
            number += 1
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(f"expected 202, got {head!r} {body[:500]!r}")
            self.answered += 1


async def _load(mode: str, port: int) -> tuple[int, float]:
    clock = asyncio.get_running_loop()
    load = _Load(_requests(mode), port)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(load.connection(number * 5)) for number in range(CONNECTIONS[mode])]
        await asyncio.sleep(WARM_UP_SECONDS)
        before, began = load.answered, clock.time()
        await asyncio.sleep(SECONDS)
        answered, seconds = load.answered - before, clock.time() - began
        for task in tasks:
            task.cancel()
    return answered, seconds


def client(mode: str, port: int) -> None:
    """Send until the time is up; print how many requests were answered, and in how many seconds."""
    answered, seconds = asyncio.run(_load(mode, port))
    sys.stdout.write(f"{answered} {seconds}\n")


if __name__ == "__main__":
    typer.run(client)
