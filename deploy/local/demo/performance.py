"""The demo put together: a stack, a simulated book fed to it, what it warned of, and where to look."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from rich.console import Console

from deploy.local import processes
from deploy.local.demo import people, report
from deploy.local.demo.asking import Desk
from deploy.local.demo.chief import Chief
from deploy.local.demo.deliveries import Deliveries
from deploy.local.demo.explanation import explanation
from deploy.local.demo.receiver import Receiver, listening
from deploy.local.demo.screen import line, screen
from deploy.local.demo.settling import POLL_SECONDS, Backlog, DemoFailedError, until_settled
from deploy.local.demo.signposts import signposts
from deploy.local.demo.stories import Stories, stories, to_come, worth_asking_about
from deploy.local.demo.telling import Account, how_people_were_told
from deploy.local.feeder import Feeder, IngestOverHttp
from deploy.local.portfolio import BusinessDay, simulate
from deploy.local.portfolio.book import TIME_ZONE
from deploy.local.ports import free_port
from deploy.local.stack import Stack, embedded_stack

__all__ = ["DemoFailedError", "Plan", "perform"]

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
    cast = Cast(free_port(), people.new_secrets())
    notifier = free_port()  # links to it are in its own configuration
    env = {**_settings(_notifier_config(cast.port, notifier)), **cast.secrets}
    said = partial(console.print, style="dim")
    with embedded_stack(env, said, ports={"notifier": notifier}) as stack:
        asyncio.run(_play(plan, console, stack, cast))


@dataclass
class Cast:
    """Who is told, where they listen, and what they have heard."""

    port: int
    secrets: Mapping[str, str]
    deliveries: Deliveries = field(default_factory=Deliveries)
    chief: Chief = field(default_factory=Chief)

    def receivers(self) -> dict[str, Receiver]:
        """By their paths."""
        takes = {people.SYSTEM: self.deliveries.take, **{name: self.deliveries.taker(name) for name in people.PEOPLE}}
        return {people.PATHS[name]: Receiver(people.secret_of(name, self.secrets), takes[name]) for name in takes}


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


def _notifier_config(receivers: int, notifier: int) -> Path:
    config = people.configuration(f"http://127.0.0.1:{receivers}", f"http://127.0.0.1:{notifier}")
    path = processes.scratch_directory("notifier") / "notifier.yaml"
    path.write_text(json.dumps(config, indent=2))  # JSON is YAML
    return path


async def _play(plan: Plan, console: Console, stack: Stack, cast: Cast) -> None:
    async with AsyncExitStack() as cleanup:
        session = await cleanup.enter_async_context(aiohttp.ClientSession())
        await cleanup.enter_async_context(listening(cast.receivers(), cast.port))
        cast.deliveries.hand = cast.chief.hear
        await _while_alive(stack, _year(plan, console, stack, cast, session), cast.chief.answer(session))
        if sys.stdout.isatty():
            cast.deliveries.show = lambda change: console.print(line(change))
            await _stay(console, stack)


async def _year(plan: Plan, console: Console, stack: Stack, cast: Cast, session: aiohttp.ClientSession) -> None:
    """Feed the book, wait until all of it is decided and delivered, and say what came of it."""
    feeder = Feeder(IngestOverHttp(session, stack.url("ingest")), patience=PATIENCE_SECONDS)
    backlog, deliveries = Backlog(session, stack), cast.deliveries
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
        found = await _stories(cast)
    desk = Desk(session, stack)
    console.print(report.changes_table(deliveries.changes))
    run = report.Run(deliveries.changes, feeder.report, plan.days, seconds, await desk.waits())
    console.print(report.figures(run))
    await _explain(console, desk, deliveries)
    if deliveries.letters:
        console.print(how_people_were_told(found, deliveries, await _account(desk, found, deliveries), started=started))
    else:
        console.print("no people were told of anything: no warning came to yellow")


async def _send(feeder: Feeder, day: BusinessDay) -> None:
    """A day's events, and once all are answered, that the day is over."""
    try:
        await feeder.send(day.events)
        await feeder.send([day.clock])
    except ExceptionGroup as group:  # one error a lane, alike
        raise DemoFailedError(f"ingest took not all of {day.date}: {group.exceptions[0]}") from group
    if refused := feeder.report.refused:
        raise DemoFailedError(f"ingest refused {refused} events of the simulated book: {feeder.report.problems[0]}")


async def _stories(cast: Cast) -> Stories:
    """What became of people's letters, once what is still to come has come; that takes seconds at most."""
    settled_at = time.monotonic()
    while True:
        found = stories(cast.deliveries, cast.chief.pressed)
        if not to_come(found, cast.deliveries, settled_at=settled_at, now=time.monotonic()):
            return found
        await asyncio.sleep(POLL_SECONDS)


async def _explain(console: Console, desk: Desk, deliveries: Deliveries) -> None:
    chosen = report.worth_explaining([*deliveries.changes, *deliveries.acknowledged.values()])
    if chosen is None:
        console.print("nothing gave cause for a warning")
    else:
        console.print(explanation(await desk.warning(chosen.warning_id)))


async def _account(desk: Desk, found: Stories, deliveries: Deliveries) -> Account | None:
    warning = worth_asking_about(found, deliveries)
    return Account(warning, await desk.notifications(warning)) if warning is not None else None


async def _stay(console: Console, stack: Stack) -> None:
    """Answer until Ctrl-C, which is the way out here and no failure."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    console.print(signposts(stack))
    await _while_alive(stack, stop.wait())
    console.print("stopping")


async def _while_alive(stack: Stack, work: Awaitable[Result], *beside: Awaitable[None]) -> Result:
    """What `work` returns; `beside` goes on meanwhile. Raises ChildFailedError as soon as a service ends by itself."""
    task = asyncio.ensure_future(work)
    others = [asyncio.ensure_future(each) for each in beside]
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=ALIVE_SECONDS)
            stack.check()
            for other in others:
                if other.done():
                    other.result()  # raises what went wrong
        return task.result()
    finally:
        every: list[asyncio.Future[Any]] = [task, *others]
        for each in every:
            each.cancel()
        await asyncio.gather(*every, return_exceptions=True)
