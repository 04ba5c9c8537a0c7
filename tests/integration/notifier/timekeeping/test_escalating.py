"""Escalations on a real database: begun with a change, told once by however many replicas, ended by an answer."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml

from services.notifier.configuration.reading import read
from services.notifier.core.matching import Match
from services.notifier.core.planning import LOOK_AGAIN, source_key
from services.notifier.core.silencing import Silence, wake_key
from services.notifier.store import escalations, silences
from services.notifier.store.connection import Connection
from services.notifier.timekeeping.escalating import EscalationsDue
from shared.clock import ManualClock
from shared.warnings import Kind, Level, WarningChange
from tests.changes import change, recovery
from tests.integration.notifier.timekeeping.conftest import House

MINUTE = timedelta(minutes=1)
TEXT = yaml.safe_dump(
    {
        "receivers": {each: {"channel": "log"} for each in ("desk", "head", "chief")},
        "routes": [{"receivers": ["desk"], "escalation": "branch"}],
        "inhibit": [{"source": {"level": "red"}, "target": {"level": "yellow"}}],
        "escalations": {
            "branch": {
                "steps": [
                    {"wait": "30m", "receivers": ["head", "desk"]},
                    {"wait": "1h", "receivers": ["chief"]},
                ],
            }
        },
    }
)


class Escalating(House):
    """Tells who was handed what."""

    async def told(self) -> list[tuple[Any, ...]]:
        return await self.rows("SELECT receiver FROM deliveries WHERE purpose = 'escalation' ORDER BY position")

    async def escalated(self) -> list[UUID]:
        """The warnings of which a step was told."""
        rows = await self.rows("SELECT DISTINCT warning_id FROM deliveries WHERE purpose = 'escalation' ORDER BY 1")
        return [row[0] for row in rows]


@pytest.fixture
def house(connections: Sequence[Connection], clock: ManualClock) -> Escalating:
    return Escalating(read(TEXT), EscalationsDue, connections, clock)


async def test_each_step_is_told_when_its_wait_is_over_and_then_there_are_none(house: Escalating) -> None:
    await house.hear(change())
    house.clock.advance(29 * MINUTE)
    assert await house.turn() == set()
    house.clock.advance(MINUTE)
    assert await house.turn() == {"head", "desk"}
    assert await house.turn() == set()
    house.clock.advance(59 * MINUTE)
    assert await house.turn() == set()
    house.clock.advance(MINUTE)
    assert await house.turn() == {"chief"}
    house.clock.advance(timedelta(days=1))
    assert await house.turn() == set()

    assert await house.told() == [("head",), ("desk",), ("chief",)]
    assert await house.rows("SELECT told FROM open_warnings") == [(["desk", "head", "chief"],)]
    assert await house.rows("SELECT count(*), count(*) FILTER (WHERE waiting) FROM queue") == [(4, 1)], "desk in order"
    assert await house.rows("SELECT count(*) FROM escalations") == [(0,)]
    steps = house.metrics.escalation_steps
    assert [steps.labels(each)._value.get() for each in ("told", "unanswered")] == [1, 1]
    assert house.metrics.escalations.labels("unanswered")._value.get() == 1


@pytest.mark.parametrize(
    ("ending", "why"), [(change(1, 5, kind=Kind.ACKNOWLEDGED), "acknowledged"), (recovery(), "closed")]
)
async def test_an_answer_and_the_end_of_the_warning_end_it(house: Escalating, ending: WarningChange, why: str) -> None:
    assert (await house.hear(change(), change(2))).escalations == {"begun": 2}
    assert (await house.hear(ending)).escalations == {why: 1, "begun": 0}
    house.clock.advance(timedelta(hours=1))
    await house.turn()
    assert await house.escalated() == [UUID(int=2)]


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        (change(1, 5, kind=Kind.ACKNOWLEDGED), "because somebody answered for the warning before"),
        (recovery(), "because the warning ended before"),
    ],
)
async def test_those_on_its_next_steps_learn_when_they_would_be_told_and_then_why_they_were_not(
    house: Escalating, ending: WarningChange, why: str
) -> None:
    await house.hear(change())
    house.clock.advance(30 * MINUTE)
    at = house.clock.now() + timedelta(hours=1)
    await house.turn()
    waits = "is told by a step of an escalation, if nobody answers for the warning before: step 2 of branch"
    assert await house.why(1, "chief") == [("held", f"{waits}; looked at again at {at.isoformat()}")]

    await house.hear(ending)
    assert await house.why(1, "chief") == [("suppressed", f"was not told, {why}: step 2 of the escalation branch")]
    assert [state for state, _ in await house.why(1, "head")] == ["told"] * (1 + (ending.kind is Kind.CLEARED))


@pytest.mark.parametrize("together", [False, True])
async def test_an_answer_for_what_the_warning_was_does_not_end_what_it_has_become(
    house: Escalating, together: bool
) -> None:
    red, answer = change(1, 1, level=Level.RED), change(1, 2, kind=Kind.ACKNOWLEDGED, level=Level.YELLOW)
    await house.hear(change())
    if together:
        await house.hear(red, answer)
    else:
        await house.hear(red)
        assert (await house.hear(answer)).escalations == {"begun": 0}
    house.clock.advance(30 * MINUTE)
    assert await house.turn() == {"head", "desk"}
    assert await house.rows("SELECT acknowledged_at FROM open_warnings") == [(None,)]


async def test_one_that_gets_worse_after_its_answer_begins_again_though_both_are_read_at_once(
    house: Escalating,
) -> None:
    red, answer = change(1, 2, level=Level.RED), change(1, 1, kind=Kind.ACKNOWLEDGED, level=Level.YELLOW)
    await house.hear(change())
    house.clock.advance(10 * MINUTE)
    assert (await house.hear(answer, red)).escalations == {"acknowledged": 1, "begun": 1}
    house.clock.advance(29 * MINUTE)
    assert await house.turn() == set()
    house.clock.advance(MINUTE)
    assert await house.turn() == {"head", "desk"}


async def test_the_message_speaks_of_the_warning_as_it_is_by_then(house: Escalating) -> None:
    worse = change(1, 1)
    await house.hear(change())
    house.clock.advance(20 * MINUTE)
    await house.hear(worse)
    house.clock.advance(10 * MINUTE)
    assert await house.turn() == {"head", "desk"}, "the wait did not begin anew"
    assert await house.rows("SELECT DISTINCT change_id FROM deliveries WHERE purpose = 'escalation'") == [
        (worse.change_id,)
    ]


async def test_three_replicas_tell_what_one_would(house: Escalating) -> None:
    await house.hear(*[change(number) for number in range(1, 31)])
    house.clock.advance(30 * MINUTE)
    await asyncio.gather(*(house.turn(replica) for replica in (0, 1, 2)))
    await asyncio.gather(*(house.turn(replica) for replica in (0, 1, 2)))
    assert await house.rows("SELECT count(*), count(DISTINCT delivery_id) FROM deliveries") == [(90, 90)]
    assert await house.rows("SELECT DISTINCT step, round FROM escalations") == [(1, 0)]


async def test_a_replica_that_dies_on_the_way_has_told_nothing_and_another_tells_it(house: Escalating) -> None:
    await house.hear(change())
    house.clock.advance(30 * MINUTE)
    with pytest.raises(RuntimeError, match="killed"):
        await _dying(house)
    assert await house.told() == []
    assert await house.turn(1) == {"head", "desk"}
    assert len(await house.told()) == 2


async def _dying(house: Escalating) -> None:
    async with house.connections[0].transaction() as inside:
        assert await house.due.take(inside, house.clock.now()) == {"head", "desk"}
        raise RuntimeError("killed")


async def test_a_silence_postpones_a_step_until_it_ends_or_is_ended(house: Escalating) -> None:
    now = house.clock.now()
    match = Match.model_validate({"borrower": change().borrower_id})
    silence = Silence(UUID(int=9), match, "night-desk", "moving house", now, now + timedelta(hours=2))
    await house.hear(change())
    await house.silence(silence)
    house.clock.advance(30 * MINUTE)
    assert await house.turn() == set()
    assert await house.rows("SELECT due_at, step, wake FROM escalations") == [
        (silence.ends_at, 0, wake_key(silence.id))
    ]

    house.clock.advance(MINUTE)
    async with house.connections[0].transaction() as inside:
        assert await silences.end(inside, silence.id, "head-office", house.clock.now())
        await escalations.wake(inside, [wake_key(silence.id)], house.clock.now())
    assert await house.turn() == {"head", "desk"}
    house.clock.advance(60 * MINUTE)
    assert await house.turn() == {"chief"}


async def test_a_weightier_warning_postpones_a_step_until_it_has_ended(house: Escalating) -> None:
    red = change(2, level=Level.RED, family="business", rule="falling_revenue")
    await house.hear(change(), red)
    house.clock.advance(30 * MINUTE)
    await house.turn()
    assert await house.escalated() == [red.warning_id]
    assert await house.rows("SELECT wake, due_at FROM escalations WHERE warning_id = $1", UUID(int=1)) == [
        (source_key(red), house.clock.now() + LOOK_AGAIN)
    ]

    await house.hear(recovery(2))
    assert await house.turn() == {"head", "desk"}


async def test_what_another_transaction_holds_is_left_to_it(house: Escalating) -> None:
    await house.hear(change(), change(2))
    house.clock.advance(30 * MINUTE)
    async with house.connections[1].transaction() as other:
        await other.execute("SELECT FROM open_warnings WHERE warning_id = $1 FOR UPDATE", UUID(int=1))
        await house.turn()
    assert await house.escalated() == [UUID(int=2)]
    assert await house.turn() == {"head", "desk"}
