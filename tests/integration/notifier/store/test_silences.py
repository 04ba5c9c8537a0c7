"""Silences are kept: those that hold, and the history of all."""

from datetime import timedelta
from uuid import UUID

from services.notifier.core.matching import Match
from services.notifier.core.silencing import Silence, SilenceState
from services.notifier.store import silences
from services.notifier.store.connection import Connection
from shared.clock import ManualClock
from tests.changes import change

HOUR = timedelta(hours=1)


def _silence(clock: ManualClock, number: int, begins: int, ends: int) -> Silence:
    match = Match.model_validate({"level": ["orange", "yellow"], "borrower": "TEST-0001"})
    now = clock.now()
    return Silence(UUID(int=number), match, "night-desk", "moving house", now + begins * HOUR, now + ends * HOUR)


async def test_those_that_hold_now_come_back_as_they_were_made(connection: Connection, clock: ManualClock) -> None:
    given = [_silence(clock, 1, 0, 2), _silence(clock, 2, 1, 2), _silence(clock, 3, -2, 0)]
    async with connection.transaction() as inside:
        for each in given:
            await silences.add(inside, each, clock.now())
        assert await silences.active(inside, clock.now()) == [given[0]]
        assert given[0].mutes(change(), clock.now())
        clock.advance(HOUR)
        assert await silences.active(inside, clock.now()) == given[:2]


async def test_one_that_is_ended_stays_in_the_history_with_who_ended_it(
    connection: Connection, clock: ManualClock
) -> None:
    given = _silence(clock, 1, 0, 8)
    async with connection.transaction() as inside:
        await silences.add(inside, given, clock.now())
        clock.advance(HOUR)
        assert await silences.end(inside, given.id, "head-office", clock.now())
        assert not await silences.end(inside, given.id, "adwoa", clock.now()), "it had ended"
        assert not await silences.end(inside, UUID(int=9), "head-office", clock.now()), "there is none"
        assert await silences.active(inside, clock.now()) == []
        kept = await silences.one(inside, given.id)
        assert await silences.one(inside, UUID(int=9)) is None
    assert kept is not None
    assert (kept.ended_by, kept.silence.ends_at, kept.silence.author) == ("head-office", clock.now(), "night-desk")


async def test_pages_hold_each_once_the_newest_first_and_of_one_state(
    connection: Connection, clock: ManualClock
) -> None:
    spans = [(0, 2), (1, 2), (-2, -1), (0, 1), (3, 4)]
    async with connection.transaction() as inside:
        for number, (begins, ends) in enumerate(spans):
            await silences.add(inside, _silence(clock, number, begins, ends), clock.now())

        async def numbers(state: SilenceState | None, before: int | None = None, limit: int = 10) -> list[int]:
            found = await silences.page(inside, state=state, before=before, limit=limit, now=clock.now())
            return [each.silence.id.int for each in found]

        assert await numbers(SilenceState.ACTIVE) == [3, 0]
        assert await numbers(SilenceState.PENDING) == [4, 1]
        assert await numbers(SilenceState.ENDED) == [2]
        first = await silences.page(inside, state=None, before=None, limit=3, now=clock.now())
        rest = await silences.page(inside, state=None, before=first[-1].number, limit=3, now=clock.now())
        assert [each.silence.id.int for each in (*first, *rest)] == [4, 3, 2, 1, 0]
