"""Groups, silences, inhibitions, floods and quiet hours on a real database, told once by however many replicas."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml

from services.notifier.configuration.reading import read
from services.notifier.core.matching import Match
from services.notifier.core.silencing import Silence, wake_key
from services.notifier.store import gatherings, silences
from services.notifier.store.connection import Connection
from services.notifier.timekeeping.gathering import GatheringsDue
from shared.clock import ManualClock
from shared.problems import ProblemError
from shared.warnings import About, Kind, Level, WarningChange
from tests.changes import change, recovery
from tests.integration.notifier.timekeeping.conftest import House

MINUTE = timedelta(minutes=1)
HALF_A_DAY = timedelta(hours=12)
PEOPLE = {"channel": "log", "audience": "staff"}


class Gathering(House):
    """Tells what the desk was sent, and why it was not."""

    async def silenced(self, match: dict[str, str], lasts: timedelta, number: int = 5) -> Silence:
        now = self.clock.now()
        silence = Silence(UUID(int=number), Match.model_validate(match), "head office", "known", now, now + lasts)
        await self.silence(silence)
        return silence

    async def sent(self, receiver: str = "desk") -> list[tuple[Any, ...]]:
        """Purpose, kind and number of warnings of each delivery that is not taken back."""
        kept = "receiver = $1 AND state <> 'superseded'"
        sql = f"SELECT purpose, kind, total FROM deliveries WHERE {kept} ORDER BY position"
        return await self.rows(sql, receiver)


Build = Callable[..., Gathering]


@pytest.fixture
def build(connections: Sequence[Connection], clock: ManualClock) -> Build:
    """With these routes for the desk, beside one for the books, which are told of everything."""

    def built(*routes: Any, desk: Any = None, **more: Any) -> Gathering:
        receivers = {"desk": {**PEOPLE, **(desk or {})}, "books": {"channel": "log"}}
        text = {"receivers": receivers, "routes": [{"receivers": ["books"], "continue": True}, *routes], **more}
        return Gathering(read(yaml.safe_dump(text)), GatheringsDue, connections, clock)

    return built


def _of(branch: str, number: int, **fields: Any) -> WarningChange:
    return change(number, **fields).model_copy(update={"about": About(branch=branch)})


async def test_a_group_is_told_in_one_message_and_what_came_at_once_to_systems_was_told_at_once(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"by": ["branch"], "wait": "1m"}})
    await house.hear(_of("Kano", 1), _of("Kano", 2, level=Level.RED), _of("Lagos", 3))
    assert await house.sent("books") == [("change", "raised", 1)] * 3
    assert await house.turn() == set()

    house.clock.advance(MINUTE)
    assert await house.turn() == {"desk"}
    assert sorted(await house.sent()) == [("change", "raised", 1), ("group", "raised", 2)]
    assert [state for state, _ in await house.why(1)] == ["told"]


async def test_the_warnings_of_one_borrowers_loans_come_in_one_message_and_end_each_by_itself(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"by": ["borrower"], "wait": "1m", "interval": "1m"}})
    of = {loan: change(number).model_copy(update={"loan_id": loan}) for number, loan in enumerate("AB", 1)}
    await house.hear(*of.values())
    house.clock.advance(MINUTE)
    await house.turn()
    await house.hear(recovery(1).model_copy(update={"loan_id": "A"}))
    house.clock.advance(MINUTE)
    await house.turn()

    assert await house.sent() == [("group", "raised", 2), ("change", "cleared", 1)]
    assert await house.rows("SELECT warning_id FROM open_warnings") == [(of["B"].warning_id,)]


async def test_three_replicas_tell_what_one_would(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"by": ["borrower"], "wait": "1m", "interval": "1m"}})
    batches = [[change(number) for number in range(start, start + 10)] for start in range(0, 60, 10)]
    await asyncio.gather(*(house.hear(*batch, replica=number % 3) for number, batch in enumerate([*batches, *batches])))
    house.clock.advance(MINUTE)
    await asyncio.gather(*(house.turn(replica) for replica in range(3)))

    assert await house.sent() == [("group", "raised", 60)]
    assert await house.sent("books") == [("change", "raised", 1)] * 60


async def test_an_escalation_counts_from_when_the_group_is_told_be_that_sooner_or_later_than_by_itself(
    build: Build, clock: ManualClock
) -> None:
    house = build(
        {"receivers": ["desk"], "group": {"wait": "2m", "interval": "10m"}, "escalation": "up"},
        escalations={"up": {"steps": [{"wait": "1m", "receivers": ["books"]}]}},
    )
    start = clock.now()
    await house.hear(change(1))
    clock.advance(MINUTE)
    await house.hear(change(2))
    clock.advance(MINUTE)
    assert await house.turn() == {"desk"}
    clock.advance(MINUTE)
    await house.hear(change(3))

    steps = await house.rows("SELECT warning_id, due_at FROM escalations ORDER BY warning_id")
    assert steps == [(UUID(int=number), start + minutes * MINUTE) for number, minutes in ((1, 3), (2, 3), (3, 13))]


async def test_what_was_gathered_survives_and_is_told_again_until_somebody_answers(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"wait": "1m", "interval": "1m", "repeat": "1h"}})
    await house.hear(change(1))
    for _ in range(2):
        house.clock.advance(61 * MINUTE)
        await house.turn()
    assert await house.sent() == [("change", "raised", 1), ("repeat", "raised", 1)]

    await house.hear(change(1, 5, kind=Kind.ACKNOWLEDGED))
    house.clock.advance(61 * MINUTE)
    await house.turn()
    assert len(await house.sent()) == 2


async def test_a_silence_that_ends_early_lets_go_what_is_still_open(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    silence = await house.silenced({"rule": "missed_payment"}, timedelta(days=2))
    await house.hear(change(1), change(2))
    await house.hear(recovery(2))
    assert await house.sent() == []
    [(state, why)] = await house.why(1)
    assert state == "held"
    assert why.startswith("is silenced: silenced by head office: known; looked at again at 2026-03-03T09:30")

    async with house.connections[0].transaction() as inside:
        await silences.end(inside, silence.id, "head office", house.clock.now())
        await gatherings.wake(inside, [wake_key(silence.id)], house.clock.now())
    await house.turn()
    assert await house.sent() == [("change", "raised", 1)]
    assert {state for state, _ in await house.why(2)} == {"suppressed"}


async def test_red_holds_back_the_blue_of_its_borrower_until_it_eases(build: Build) -> None:
    rule = {"source": {"level": "red"}, "target": {"level": "blue"}}
    house = build({"receivers": ["desk"]}, inhibit=[rule])
    await house.hear(change(1, level=Level.RED))
    await house.hear(change(2, level=Level.BLUE))
    assert len(await house.sent()) == 1
    assert await house.turn() == set()

    await house.hear(change(1, 1, kind=Kind.EASED, level=Level.YELLOW, previous_level=Level.RED))
    assert await house.turn() == {"desk", "books"}
    assert await house.sent() == [("change", "eased", 1), ("change", "raised", 1)], "the red one was not sent yet"


async def test_a_topic_gets_each_change_that_a_silence_held_as_a_delivery_of_its_own(build: Build) -> None:
    topic = {"channel": "kafka", "audience": "systems", "bootstrap": "kafka.example:9092", "topic": "risk.warnings"}
    house = build({"receivers": ["desk"]}, desk=topic)
    await house.silenced({"rule": "missed_payment"}, 60 * MINUTE)
    await house.hear(*(change(number) for number in range(150)))
    house.clock.advance(61 * MINUTE)
    await asyncio.gather(*(house.turn(replica) for replica in range(3)))

    assert await house.sent() == [("change", "raised", 1)] * 150
    assert [state for state, _ in await house.why(149)] == ["told"]


async def test_a_flood_becomes_one_message_that_says_how_many(build: Build) -> None:
    house = build({"receivers": ["desk"]}, desk={"storm": {"messages": 5, "within": "10m", "summary": "1m"}})
    await house.hear(*(change(number) for number in range(3)))
    await house.hear(*(change(number) for number in range(3, 400)))
    house.clock.advance(MINUTE)
    assert await house.turn() == {"desk"}

    assert await house.sent() == [("change", "raised", 1)] * 5 + [("storm", "raised", 395)]
    assert len(await house.sent("books")) == 400


async def test_what_was_not_sent_yet_gives_way_to_the_newest_for_people_and_not_for_systems(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    await house.hear(change(1))
    await house.hear(change(1, 1, level=Level.RED, previous_level=Level.YELLOW), recovery(1, 2))

    assert await house.sent() == [("change", "cleared", 1)]
    assert [kind for _, kind, _ in await house.sent("books")] == ["raised", "escalated", "cleared"]
    assert {why for _, why in await house.why(1)} == {
        "was not sent, because a later change took its place: a later change of the warning was told instead",
        "was not told by itself: a later change took its place",
        "is on its way",
    }


_WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a group": ({"group": {"wait": "1m"}}, {}),
    "a digest": ({"digest": {"at": ["12:00"], "time_zone": "UTC"}}, {}),
    "quiet hours": ({"quiet": "mornings"}, {"times": {"mornings": {"time_zone": "UTC", "hours": ["06:00-12:00"]}}}),
    "active hours": ({"active": "evenings"}, {"times": {"evenings": {"time_zone": "UTC", "hours": ["18:00-23:00"]}}}),
    "a storm": ({}, {"desk": {"storm": {"messages": 1, "within": "10m", "summary": "1m"}}}),
    "a silence": ({}, {}),
    "an inhibition": ({}, {"inhibit": [{"source": {"level": "red"}, "target": {"level": "yellow"}}]}),
}
"""What holds a change that comes at half past nine: of its route, and of all else."""


async def _held(house: Gathering, way: str, number: int, *changes: WarningChange) -> None:
    """Have these changes come while that holds them, and half a day go by, after which it holds nothing any more."""
    if way == "a silence":
        await house.silenced({"rule": "missed_payment"}, 60 * MINUTE, number)
    if way in ("a storm", "an inhibition"):
        await house.hear(change(number, level=Level.RED))
    for each in changes:
        await house.hear(each)
        assert (await house.why(1))[-1][0] == "held"
    if way == "an inhibition":
        await house.hear(recovery(number).model_copy(update={"previous_level": Level.RED}))
    house.clock.advance(HALF_A_DAY)
    await house.turn()


async def _told_of(house: Gathering) -> list[str]:
    """The kinds of what the desk was told of warning 1."""
    sql = "SELECT kind FROM deliveries WHERE receiver = 'desk' AND warning_id = $1 ORDER BY position"
    return [kind for (kind,) in await house.rows(sql, UUID(int=1))]


@pytest.mark.parametrize("way", _WAYS)
async def test_whatever_holds_what_is_raised_and_over_meanwhile_is_not_told_and_the_answer_says_so(
    build: Build, way: str
) -> None:
    route, more = _WAYS[way]
    house = build({"receivers": ["desk"], **route}, **more)
    await _held(house, way, 7, change(1), recovery(1))

    assert await _told_of(house) == []
    reasons = await house.rows("SELECT reason FROM notices WHERE receiver = 'desk' AND warning_id = $1", UUID(int=1))
    assert reasons == [({"a silence": "silenced", "an inhibition": "inhibited"}.get(way, "over"),)] * 2
    assert [(state, why.partition(",")[0]) for state, why in await house.why(1)] == [("suppressed", "was not told")] * 2


@pytest.mark.parametrize("way", _WAYS)
async def test_whatever_holds_the_end_of_what_was_told_is_told_when_it_holds_no_more(build: Build, way: str) -> None:
    route, more = _WAYS[way]
    house = build({"receivers": ["desk"], **route}, **more)
    await _held(house, way, 7, change(1))
    assert await _told_of(house) == ["raised"]

    house.clock.advance(HALF_A_DAY)
    await _held(house, way, 8, recovery(1))
    assert await _told_of(house) == ["raised", "cleared"]


async def test_what_is_held_then_silenced_and_over_when_the_silence_ends_is_not_told(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"wait": "1m"}})
    await house.hear(change(1))
    await house.silenced({"rule": "missed_payment"}, 60 * MINUTE)
    house.clock.advance(10 * MINUTE)
    await house.turn()
    await house.hear(recovery(1))
    house.clock.advance(60 * MINUTE)
    await house.turn()

    assert await house.sent() == []
    assert {state for state, _ in await house.why(1)} == {"suppressed"}


async def test_what_is_told_and_over_during_a_silence_is_told_to_be_over_when_that_ends(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"wait": "1m"}})
    await house.hear(change(1))
    house.clock.advance(MINUTE)
    await house.turn()
    await house.silenced({"rule": "missed_payment"}, 60 * MINUTE)
    await house.hear(recovery(1))
    house.clock.advance(61 * MINUTE)
    await house.turn()

    assert await house.sent() == [("change", "raised", 1), ("change", "cleared", 1)]


async def test_what_is_raised_and_eased_while_it_waits_is_told_as_it_is_now_and_its_end_too(build: Build) -> None:
    house = build({"receivers": ["desk"], "digest": {"at": ["12:00"], "time_zone": "UTC"}})
    await house.hear(change(1, level=Level.RED))
    await house.hear(change(1, 1, kind=Kind.EASED, level=Level.BLUE, previous_level=Level.RED))
    for later in (recovery(1, 2), None):
        house.clock.advance(timedelta(days=1))
        await house.turn()
        await house.hear(*([later] if later else []))

    assert await house.sent() == [("digest", "eased", 1), ("digest", "cleared", 1)]


async def test_what_was_raised_and_is_over_in_one_fetch_is_told_to_systems_alone(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    await house.hear(change(1), recovery(1))

    assert await house.sent() == []
    assert [kind for _, kind, _ in await house.sent("books")] == ["raised", "cleared"]
    assert {why.partition(":")[0] for _, why in await house.why(1)} == {
        "was not told by itself",
        "was not told, because the warning was over before it was told there",
    }


async def test_a_route_that_came_after_the_raise_tells_nothing_of_the_end(build: Build) -> None:
    house = build({"match": {"branch": "Kano"}, "receivers": ["desk"]})
    await house.hear(change(1))
    house.configuration = build({"receivers": ["desk"]}).configuration
    await house.hear(recovery(1))

    assert await house.sent() == []
    [(state, why)] = await house.why(1)
    assert (state, why.partition(":")[0]) == (
        "suppressed", "was not told, because nobody there was ever told of this warning",
    )  # fmt: skip


async def test_whoever_no_route_leads_to_any_more_hears_the_end_of_what_it_was_told(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    await house.hear(change(1))
    house.configuration = build({"match": {"branch": "Kano"}, "receivers": ["desk"]}).configuration
    await house.hear(recovery(1))
    assert [kind for _, kind, _ in await house.sent("books")] == ["raised", "cleared"]

    [(state, _), (after, _)] = await house.why(1)
    assert (state, after) == ("told", "told")


async def test_of_a_receiver_that_is_gone_it_is_kept_that_it_did_not_hear_the_end(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    await house.hear(change(1))
    text = {"receivers": {"books": {"channel": "log"}}, "routes": [{"receivers": ["books"]}]}
    house.configuration = read(yaml.safe_dump(text))
    await house.hear(recovery(1))

    assert sorted(await house.why(1)) == [
        ("suppressed", "was not told, because there is no such receiver any more"),
        ("told", "is on its way"),
    ]


async def test_a_warning_that_was_open_before_there_was_a_notifier_ends_without_a_word(build: Build) -> None:
    house = build({"receivers": ["desk"]})
    await house.hear(recovery(1))

    assert await house.sent() == await house.sent("books") == []
    assert [state for state, _ in await house.why(1)] == ["suppressed"]


async def test_a_correction_after_the_end_goes_to_those_who_were_told(build: Build) -> None:
    house = build({"match": {"level": "red"}, "receivers": ["desk"]})
    await house.hear(change(1))
    await house.hear(recovery(1))
    await house.hear(change(1, 2, kind=Kind.WITHDRAWN, level=None, previous_level=Level.RED))

    assert [kind for _, kind, _ in await house.sent("books")] == ["raised", "cleared", "withdrawn"]
    assert await house.sent() == []


async def test_those_who_were_never_told_are_not_told_of_the_end(build: Build) -> None:
    house = build({"match": {"level": "red"}, "receivers": ["desk"]})
    await house.hear(change(1))
    await house.hear(recovery(1).model_copy(update={"previous_level": Level.RED}))

    assert await house.sent() == []
    [(state, why)] = await house.why(1)
    assert state == "suppressed"
    assert why.startswith("was not told, because nobody there was ever told")


async def test_of_a_warning_nobody_has_heard_of_nothing_is_said(build: Build) -> None:
    with pytest.raises(ProblemError, match="nothing was decided"):
        await build({"receivers": ["desk"]}).why(77)


async def test_the_same_gathering_has_the_same_id_whoever_tells_it(build: Build) -> None:
    house = build({"receivers": ["desk"], "group": {"wait": "1m"}})
    await house.hear(change(1), change(2))
    house.clock.advance(MINUTE)
    async with house.connections[1].statements() as inside:
        unfinished = inside.transaction()
        await unfinished.start()
        await house.due.take(inside, house.clock.now())
        lost = await inside.fetchval("SELECT delivery_id FROM deliveries WHERE receiver = 'desk'")
        await unfinished.rollback()  # as when it is killed before it commits
    await house.turn(2)
    async with house.connections[0].statements() as inside:
        kept = await inside.fetchval("SELECT delivery_id FROM deliveries WHERE receiver = 'desk'")

    assert kept == lost
