"""(c) From an event's acceptance to the webhook that tells of the warning it changed."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from deploy.local.demo.receiver import PATH, Receiver, listening, new_secret
from deploy.local.ports import free_port
from deploy.local.services import Service, run_command
from shared.clock import WallClock
from shared.events import utc_text
from tests.bench.machine import Deployment, Machine

RATES = (200, 1_000)
SECONDS = 30
WARM_UP_SECONDS = 5
ONE_IN = 50
"""One event in fifty changes a warning."""
REQUESTS_A_SECOND = 50
RULES = """
ruleset: latency
rules:
  - id: multi_lender_exposure
    family: exposure
    measure: other_lenders_90d
    above: {yellow: 2}
    text: {en: "{value}", zh: "{value}"}
    source: the benchmark
"""


async def measure(machine: Machine) -> dict[str, Any]:
    """Percentiles in milliseconds by events a second, sent 50 requests a second."""
    return {str(rate): await _at(machine, rate) for rate in RATES}


class Run:
    """What was sent when it was accepted, and when the webhook told of it."""

    def __init__(self, rate: int) -> None:
        self.per_request = rate // REQUESTS_A_SECOND
        self.accepted: dict[str, float] = {}
        self.told: dict[str, float] = {}

    def take(self, payload: dict[str, Any]) -> None:
        self.told[payload["data"]["evidence"]["event_id"]] = time.perf_counter()

    def waits(self) -> list[float]:
        """Of each event that changed a warning, once all are told."""
        return sorted((self.told[each] - accepted) * 1000 for each, accepted in self.accepted.items())


async def _at(machine: Machine, rate: int) -> dict[str, float]:
    deployment = await machine.deployment()
    run, secret, sink = Run(rate), new_secret(), free_port()
    services = await _start(deployment, secret, f"http://127.0.0.1:{sink}{PATH}")
    try:
        async with listening(Receiver(secret, run.take), sink), aiohttp.ClientSession() as session:
            await _send(session, f"{services[0].url}/v1/events:batch", run)
            while run.accepted.keys() - run.told.keys():  # noqa: ASYNC110 - the notifier is another process
                await asyncio.sleep(0.05)
    finally:
        for service in services:
            await asyncio.to_thread(service.process.stop)
        await deployment.remove()
    waits = run.waits()
    return {f"p{name}_ms": round(waits[int(len(waits) * share)], 1) for name, share in _SHARES.items()}


_SHARES = {"50": 0.5, "99": 0.99, "999": 0.999}


async def _start(deployment: Deployment, secret: str, url: str) -> list[Service]:
    logs = deployment.machine.logs
    (logs / "rules.yaml").write_text(RULES)
    receiver = {
        "channel": "webhook",
        "url": url,
        "secrets": [{"secret_env": "SINK_SECRET"}],
        "allow_networks": ["127.0.0.0/8"],
    }
    config = {"receivers": {"sink": receiver}, "routes": [{"receivers": ["sink"]}]}
    (logs / "notifier.yaml").write_text(json.dumps(config))
    env = {
        "RULESET_FILE": str(logs / "rules.yaml"),
        "NOTIFIER_CONFIG": str(logs / "notifier.yaml"),
        "SINK_SECRET": secret,
        "WARNING_CLOCK": "wall",
    }
    await asyncio.to_thread(run_command, "notifier", ["migrate"], {**deployment.env, **env}, logs=logs)
    services = [deployment.start(name, **env) for name in ("ingest", "warning", "notifier")]
    for service in services:
        await asyncio.to_thread(service.wait_ready)
    return services


async def _send(session: aiohttp.ClientSession, url: str, run: Run) -> None:
    """A steady stream; each request is sent on its own time, whether or not those before it are answered."""
    began = time.perf_counter()
    sending: set[asyncio.Task[None]] = set()
    for number in range(REQUESTS_A_SECOND * (WARM_UP_SECONDS + SECONDS)):
        await asyncio.sleep(began + number / REQUESTS_A_SECOND - time.perf_counter())
        counted = number >= REQUESTS_A_SECOND * WARM_UP_SECONDS
        task = asyncio.create_task(_post(session, url, _events(number, run.per_request), run, counted=counted))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)


async def _post(
    session: aiohttp.ClientSession, url: str, events: Sequence[dict[str, Any]], run: Run, *, counted: bool
) -> None:
    body = b"\n".join(map(msgspec.json.encode, events))
    async with session.post(url, data=body, headers={"Content-Type": "application/x-ndjson"}) as response:
        accepted = time.perf_counter()
        if response.status != 202:
            raise RuntimeError(f"expected 202, got {response.status}: {await response.text()}")
    if counted:
        run.accepted.update({each["id"]: accepted for each in events if each["id"].startswith("second")})


def _events(number: int, count: int) -> list[dict[str, Any]]:
    """Balances of many borrowers; every fiftieth event names a second lender and so raises a warning."""
    events = []
    for each in range(number * count, (number + 1) * count):
        second = each % ONE_IN == ONE_IN - 1
        borrower = each // ONE_IN if second or each % ONE_IN == 0 else 1_000_000 + each % 20_000
        lender, prefix = ("lender-2", "second") if second else ("lender-1", "first")
        events.append(_event(f"{prefix}-{each}", f"B{borrower}", lender))
    return events


def _event(identity: str, borrower: str, lender: str) -> dict[str, Any]:
    now = WallClock().now()
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/bench",
        "type": "exposure.reported",
        "subject": borrower,
        "time": utc_text(now),
        "data": {"lender": lender, "balance": "100.00", "currency": "EUR", "as_of": f"{now:%Y-%m-%d}"},
    }
