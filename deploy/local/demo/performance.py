"""The demo put together: a stack, a simulated book fed to it, what it warned of, and where to look."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp
from rich.console import Console

from deploy.local import processes
from deploy.local.demo import report
from deploy.local.demo.deliveries import Deliveries
from deploy.local.demo.explanation import explanation
from deploy.local.demo.receiver import PATH, Receiver, listening, new_secret
from deploy.local.demo.screen import line, screen
from deploy.local.demo.settling import Backlog, DemoFailedError, until_settled
from deploy.local.demo.signposts import signposts
from deploy.local.feeder import Feeder, IngestOverHttp
from deploy.local.portfolio import BusinessDay, simulate
from deploy.local.portfolio.book import TIME_ZONE
from deploy.local.ports import free_port
from deploy.local.scrape import scrape
from deploy.local.stack import Stack, embedded_stack

__all__ = ["DemoFailedError", "Plan", "perform"]

SIGNING_VARIABLE = "DEMO_WEBHOOK_SECRET"
"""The environment variable in which the notifier finds the secret of the demo's receiver."""
ALIVE_SECONDS = 0.2
PATIENCE_SECONDS = 30.0  # with an ingest that gives no verdict: nobody wants to look at a standing bar for longer
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plan:
    """What to play: how large a book, for how long, in how many seconds at least."""

    borrowers: int
    days: int
    seed: int
    seconds: float


def perform(plan: Plan, console: Console) -> None:
    """Play it all; in a terminal stay up until Ctrl-C. Nothing is left running, however it ends.

    Raises ChildFailedError where a process ends by itself, DemoFailedError where something does not get through.
    """
    secret, port = new_secret(), free_port()
    deliveries = Deliveries()
    env = {**_settings(_notifier_config(f"http://127.0.0.1:{port}{PATH}")), SIGNING_VARIABLE: secret}
    with embedded_stack(env, lambda said: console.print(said, style="dim")) as stack:
        asyncio.run(_play(plan, console, stack, deliveries, Receiver(secret, deliveries.take), port))


def _settings(notifier_config: Path) -> dict[str, str]:
    """The services' settings. Authentication is off because all of it listens on loopback only."""
    return {
        "AUTH": "off",
        "LOG_LEVEL": "INFO",
        "TIME_ZONE": TIME_ZONE,
        "WARNING_CLOCK": "event",
        "INGEST_FUTURE_LIMIT_SECONDS": "0",
        "NOTIFIER_CONFIG": str(notifier_config),
    }


def _notifier_config(url: str) -> Path:
    """One receiver, this demo's own. The notifier refuses loopback addresses unless they are allowed by name."""
    secrets = [{"secret_env": SIGNING_VARIABLE}]
    receiver = {"channel": "webhook", "url": url, "secrets": secrets, "allow_networks": ["127.0.0.1/32"]}
    config = {"receivers": {"demo": receiver}, "routes": [{"receivers": ["demo"]}]}
    path = processes.scratch_directory("notifier") / "notifier.yaml"
    path.write_text(json.dumps(config, indent=2))  # JSON is YAML
    return path


async def _play(
    plan: Plan, console: Console, stack: Stack, deliveries: Deliveries, receiver: Receiver, port: int
) -> None:
    async with AsyncExitStack() as cleanup:
        session = await cleanup.enter_async_context(aiohttp.ClientSession())
        await cleanup.enter_async_context(listening(receiver, port))
        await _while_alive(stack, _year(plan, console, stack, deliveries, session))
        if sys.stdout.isatty():
            deliveries.show = lambda change: console.print(line(change))
            await _stay(console, stack)


async def _year(
    plan: Plan, console: Console, stack: Stack, deliveries: Deliveries, session: aiohttp.ClientSession
) -> None:
    """Feed the book, wait until all of it is decided and delivered, and say what came of it."""
    feeder = Feeder(IngestOverHttp(session, stack.url("ingest")), patience=PATIENCE_SECONDS)
    backlog = Backlog(session, stack)
    started = time.monotonic()
    with screen(console, plan.days) as shown:
        deliveries.show = shown.delivered
        for number, day in enumerate(simulate(borrowers=plan.borrowers, seed=plan.seed, days=plan.days)):
            await asyncio.sleep(started + number * plan.seconds / plan.days - time.monotonic())
            await backlog.until_short()
            await _send(feeder, day)
            shown.day_over(day.date, feeder.report.accepted)
        await until_settled(session, stack, clock_events=plan.days, deliveries=deliveries.changes)
    seconds = time.monotonic() - started
    notifier = await scrape(session, stack.url("notifier"))
    console.print(report.changes_table(deliveries.changes))
    console.print(report.figures(report.Run(deliveries.changes, feeder.report, plan.days, seconds, notifier)))
    await _explain(console, stack, deliveries, session)


async def _send(feeder: Feeder, day: BusinessDay) -> None:
    """A day's events, and once all are answered, that the day is over."""
    try:
        await feeder.send(day.events)
        await feeder.send([day.clock])
    except ExceptionGroup as group:  # one error a lane, alike
        raise DemoFailedError(f"ingest took not all of {day.date}: {group.exceptions[0]}") from group
    if refused := feeder.report.refused:
        raise DemoFailedError(f"ingest refused {refused} events of the simulated book: {feeder.report.problems[0]}")


async def _explain(console: Console, stack: Stack, deliveries: Deliveries, session: aiohttp.ClientSession) -> None:
    chosen = report.worth_explaining(deliveries.changes)
    if chosen is None:
        console.print("nothing gave cause for a warning")
        return
    url = f"{stack.url('warning')}/v1/warnings/{chosen.warning_id}"
    async with session.get(url) as response:
        if response.status != 200:
            raise DemoFailedError(f"expected {url} to explain the warning, got {response.status}")
        console.print(explanation(await response.json()))


async def _stay(console: Console, stack: Stack) -> None:
    """Answer until Ctrl-C, which is the way out here and no failure."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    console.print(signposts(stack))
    await _while_alive(stack, stop.wait())
    console.print("stopping")


async def _while_alive(stack: Stack, work: Awaitable[Result]) -> Result:
    """What `work` returns. Raises ChildFailedError as soon as a service ends by itself."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=ALIVE_SECONDS)
            stack.check()
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
