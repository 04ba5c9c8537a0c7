"""Silences as callers see them: made, listed, ended, kept, and refused with what was expected."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.notifier.api.silences import Filters, NewSilence, SilenceDesk
from services.notifier.core.silencing import SilenceState
from services.notifier.settings import NotifierSettings
from services.notifier.store.connection import Connection
from services.notifier.store.listing import StoreAwayError
from shared.clock import ManualClock
from shared.problems import ProblemError
from tests.integration.notifier.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(connection: Connection, clock: ManualClock) -> SilenceDesk:
    return SilenceDesk(connection, clock, timedelta(days=31))


def _silence(hours: float, begins: float | None = None, **match: Any) -> NewSilence:
    given: dict[str, Any] = {
        "match": match,
        "author": "night-desk",
        "reason": "a system is repaired",
        "ends_at": (NOW + hours * HOUR).isoformat(),
    }
    if begins is not None:
        given["begins_at"] = (NOW + begins * HOUR).isoformat()
    return NewSilence.model_validate(given)


async def test_one_is_made_listed_ended_and_kept(desk: SilenceDesk, clock: ManualClock) -> None:
    first = await desk.add(_silence(2, level="red", branch=["Kano", "Jos"]))
    second = await desk.add(_silence(3, begins=1, rule="missed_payment"))
    assert (first.state, first.begins_at, first.ended_by) == (SilenceState.ACTIVE, NOW, None)
    assert first.match == {"level": ["red"], "branch": ["Kano", "Jos"]}

    async def listed(**filters: Any) -> list[UUID]:
        return [each.id for each in (await desk.page(Filters(**filters))).silences]

    assert await listed() == [second.id, first.id]
    assert await listed(state=SilenceState.ACTIVE) == [first.id]
    assert await listed(state=SilenceState.PENDING) == [second.id]
    page = await desk.page(Filters(limit=1))
    assert await listed(limit=1, cursor=page.next) == [first.id]

    clock.advance(HOUR / 2)
    ended = [await desk.end(first.id, by) for by in ("risk-desk", "somebody-later")]
    assert ended[0] == ended[1] == await desk.one(first.id)
    assert (ended[0].state, ended[0].ended_by, ended[0].ends_at) == (SilenceState.ENDED, "risk-desk", clock.now())
    assert await listed(state=SilenceState.ENDED) == [first.id]
    for asked in (desk.one(uuid4()), desk.end(uuid4(), "risk-desk")):
        with pytest.raises(ProblemError, match="no silence has the id"):
            await asked


async def test_ending_it_early_makes_what_it_held_due(
    desk: SilenceDesk, connection: Connection, clock: ManualClock
) -> None:
    silence = await desk.add(_silence(2, level="red"))
    async with connection.statements() as inside:
        await inside.execute(
            "INSERT INTO gatherings (receiver, key, purpose, manner, wake, due_at)"
            " VALUES ('desk', $1, 'group', '{}', $1, $2)",
            f"silence:{silence.id}", silence.ends_at,
        )  # fmt: skip
    clock.advance(HOUR)
    await desk.end(silence.id, "risk-desk")
    async with connection.statements() as inside:
        assert await inside.fetchval("SELECT due_at FROM gatherings") == clock.now()


@pytest.mark.parametrize(
    ("hours", "begins", "expected"),
    [(-1, None, "after now"), (0, None, "after now"), (1, 2, "after `begins_at`"), (32 * 24, None, "at most 31 days")],
)
async def test_times_that_make_no_sense_are_refused(
    desk: SilenceDesk, hours: float, begins: float | None, expected: str
) -> None:
    with pytest.raises(ProblemError, match=expected) as refused:
        await desk.add(_silence(hours, begins, rule="x"))
    assert refused.value.problem.status == 422
    assert (await desk.page(Filters())).silences == []


@pytest.mark.parametrize(
    ("match", "expected"),
    [({}, "at least one key"), ({"level": None}, "at least one key"), ({"branches": "Kano"}, "branches")],
)
def test_one_that_would_silence_everything_is_refused(match: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        _silence(1, **match)


@pytest.fixture
async def nowhere(free_port: int) -> AsyncIterator[Connection]:
    url = f"postgresql://nobody@127.0.0.1:{free_port}/none"
    connection = Connection(NotifierSettings.model_validate({"database_url": url}))
    yield connection
    await connection.close()


async def test_a_database_that_is_away_is_told_as_such(nowhere: Connection, clock: ManualClock) -> None:
    away = SilenceDesk(nowhere, clock, timedelta(days=31))
    async with asyncio.timeout(20):
        with pytest.raises(StoreAwayError):
            await away.page(Filters())
