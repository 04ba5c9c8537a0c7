"""Who gets a link to answer for a warning: people of the lender, while it is open and nobody has answered."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notifier.channels import discover
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.tokens import proven
from services.notifier.delivering.endpoint import open_endpoints
from services.notifier.delivering.worker import Pace, Worker
from services.notifier.metrics import Metrics
from services.notifier.store.connection import Connection
from shared.clock import ManualClock
from shared.warnings import WarningChange
from tests.changes import change, recovery, take, taken, warning
from tests.sink import Received, Sink, webhook
from tests.waiting import until

LINKS = AcknowledgementLinks(base_url="https://notifier.example", secrets=(SecretStr("of links"),))
_OPEN = """
INSERT INTO open_warnings (warning_id, borrower_id, level, at, change_id, acknowledged_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""


async def _open(connection: Connection, given: WarningChange, *, answered: bool = False) -> None:
    async with connection.statements() as inside:
        at = given.at if answered else None
        await inside.execute(_OPEN, given.warning_id, given.borrower_id, given.level, given.at, given.change_id, at)


async def _queue(connection: Connection, clock: ManualClock, *given: WarningChange) -> None:
    now = clock.now()
    async with connection.transaction() as inside:
        batch = [taken(each, "people", "systems", give_up_at=now + timedelta(days=1)) for each in given]
        await take(inside, batch, now)


def _link(got: Received) -> Any:
    return msgspec.json.decode(got.body).get("acknowledge_url")


async def test_a_link_goes_to_people_while_there_is_something_to_answer_for(
    connection: Connection, other: Connection, clock: ManualClock, sink: Sink
) -> None:
    await _open(connection, change(1))
    await _open(connection, change(2), answered=True)
    await _queue(connection, clock, change(1), change(2), recovery(3))
    webhooks = discover()["webhook"].settings
    receivers: dict[str, Any] = {
        "people": {**webhook(sink.url("/people")), "audience": "staff"},
        "systems": {**webhook(sink.url("/systems")), "audience": "systems"},
    }
    worker = Worker(
        open_endpoints({name: webhooks.model_validate(each) for name, each in receivers.items()}),
        connection,
        other,
        pace=Pace(attempt=5, lease=10, poll=0.02),
        clock=clock,
        metrics=Metrics(CollectorRegistry()),
        links=lambda: LINKS,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        await until(lambda: len(sink.received) == 6)
    finally:
        stop.set()
        await running

    links = {each.data["warning_id"]: _link(each) for each in sink.of("/people")}
    assert [links[str(warning(number))] is not None for number in (1, 2, 3)] == [True, False, False]
    assert [_link(each) for each in sink.of("/systems")] == [None] * 3
    link = proven(links[str(warning(1))].rpartition("/")[2], [b"of links"], clock.now())
    assert (link.warning_id, link.receiver) == (warning(1), "people")
    assert link.expires_at == clock.now() + LINKS.valid
