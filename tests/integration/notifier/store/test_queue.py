"""The queue: each change once, each row one worker's, each warning told in order."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.notifier.core.message import Purpose
from services.notifier.core.schedule import Conclusion
from services.notifier.core.verdict import NO_ANSWER
from services.notifier.settings import NotifierSettings
from services.notifier.store.claiming import Claim, claim
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.making import NewDelivery, make
from services.notifier.store.settling import Outcome, release, settle
from services.notifier.store.taking import Taken, see
from shared.warnings import WarningChange
from tests.changes import change, recovery, take, taken
from tests.integration.notifier.conftest import NOW
from tests.topics import until

LEASE = timedelta(seconds=60)


async def _take(connection: Connection, *batch: Taken) -> list[Taken]:
    async with connection.transaction() as open_now:
        return await take(open_now, batch, NOW)


async def _claim(connection: Connection, now: datetime = NOW, room: int = 10, receiver: str = "hook") -> list[Claim]:
    async with connection.statements() as open_now:
        return await claim(open_now, {receiver: room}, now, now + LEASE)


def _outcome(claimed: Claim, state: str = "delivered", due_at: datetime = NOW, *, gone: bool = False) -> Outcome:
    results = {"delivered": "delivered", "dead": "refused", "pending": "retry"}
    error = None if state == "delivered" else "it said no"
    conclusion = Conclusion(state, results[state], due_at, error)  # type: ignore[arg-type]
    return Outcome(claimed, conclusion, NO_ANSWER, NOW, 0.01, gone)


async def _settle(connection: Connection, *outcomes: Outcome) -> tuple[set[int], list[str]]:
    async with connection.transaction() as open_now:
        mine = await settle(open_now, outcomes, NOW)
        over = [each.claim for each in outcomes if each.conclusion.state != "pending"]
        return mine, await release(open_now, over)


def _ordinals(claims: Sequence[Claim]) -> list[str]:
    return [each.data.decode().split('"change_id":"')[1][:36] for each in claims]


async def test_a_change_seen_before_makes_no_second_delivery(connection: Connection) -> None:
    first = await _take(connection, taken(change(), "hook"), taken(change(), "hook"))
    again = await _take(connection, taken(change(), "hook"), taken(change(2), "hook"))

    assert [each.change for each in first] == [change()]
    assert [each.change for each in again] == [change(2)]
    assert len(await _claim(connection)) == 2


async def test_a_change_nobody_is_told_of_is_remembered_all_the_same(connection: Connection) -> None:
    assert len(await _take(connection, taken(change()))) == 1
    assert await _take(connection, taken(change(), "hook")) == []


async def test_two_workers_never_claim_the_same_delivery(connection: Connection, other: Connection) -> None:
    await _take(connection, *(taken(change(number), "hook") for number in range(20)))

    shares = await asyncio.gather(_claim(connection, room=15), _claim(other, room=15))

    ids = [each.delivery_id for share in shares for each in share]
    assert len(ids) == len(set(ids)) == 20


async def test_a_claim_takes_no_more_than_the_receiver_has_room_for(connection: Connection) -> None:
    await _take(connection, *(taken(change(number), "hook", "mail") for number in range(5)))

    assert len(await _claim(connection, room=3)) == 3
    assert {each.receiver for each in await _claim(connection, room=3, receiver="mail")} == {"mail"}


async def test_a_recovery_never_overtakes_its_raise(connection: Connection) -> None:
    await _take(connection, taken(change(), "hook"), taken(recovery(), "hook"))
    [raised] = await _claim(connection)

    await _settle(connection, _outcome(raised, "pending", NOW + timedelta(minutes=5)))
    assert await _claim(connection) == []

    later = NOW + timedelta(minutes=5)
    [raised] = await _claim(connection, later)
    assert await _settle(connection, _outcome(raised)) == ({raised.position}, ["hook"])
    assert _ordinals(await _claim(connection, later)) == [str(recovery().change_id)]


async def test_a_recovery_that_comes_later_waits_too(connection: Connection) -> None:
    await _take(connection, taken(change(), "hook"))
    [raised] = await _claim(connection)
    await _take(connection, taken(recovery(), "hook"))

    assert await _claim(connection) == []
    await _settle(connection, _outcome(raised))
    assert len(await _claim(connection)) == 1


async def test_a_dead_delivery_blocks_nobody(connection: Connection) -> None:
    await _take(connection, taken(change(), "hook"), taken(recovery(), "hook"))
    [raised] = await _claim(connection)
    await _settle(connection, _outcome(raised, "dead"))

    assert _ordinals(await _claim(connection)) == [str(recovery().change_id)]


async def test_one_receivers_trouble_does_not_hold_up_another_on_the_same_warning(connection: Connection) -> None:
    await _take(connection, taken(change(), "hook", "mail"), taken(recovery(), "hook", "mail"))
    [raised] = await _claim(connection, receiver="mail")
    await _settle(connection, _outcome(raised))

    assert len(await _claim(connection, receiver="mail")) == 1


async def test_a_worker_whose_lease_ran_out_cannot_record(connection: Connection, other: Connection) -> None:
    await _take(connection, taken(change(), "hook"))
    [stale] = await _claim(connection)
    assert await _claim(other, NOW + LEASE - timedelta(seconds=1)) == []
    [fresh] = await _claim(other, NOW + LEASE)

    assert await _settle(connection, _outcome(stale, "dead")) == (set(), [])
    assert fresh.tries == 2
    assert await _settle(other, _outcome(fresh)) == ({fresh.position}, [])


async def test_every_attempt_is_kept_even_a_fenced_one(connection: Connection, other: Connection) -> None:
    await _take(connection, taken(change(), "hook"))
    [stale] = await _claim(connection)
    [fresh] = await _claim(other, NOW + LEASE)
    await _settle(other, _outcome(fresh))
    await _settle(connection, _outcome(stale, "dead"))
    await _settle(connection, _outcome(stale, "dead"))  # as after a commit whose answer was lost

    async with connection.statements() as open_now:
        rows = await open_now.fetch("SELECT number, result FROM attempts ORDER BY fence")
        state = await open_now.fetchval("SELECT state FROM deliveries")
    assert [tuple(row) for row in rows] == [(1, "refused"), (2, "delivered")]
    assert state == "delivered"


async def test_a_receiver_that_is_gone_is_sent_nothing_more(connection: Connection) -> None:
    await _take(connection, taken(change(1), "hook"), taken(change(2), "hook"))
    [first] = await _claim(connection, room=1)
    await _settle(connection, _outcome(first, "dead", gone=True))

    assert await _claim(connection) == []


async def test_a_delivery_queued_while_the_one_before_it_is_settled_is_not_forgotten(
    settings: NotifierSettings, connection: Connection, other: Connection
) -> None:
    await _take(connection, taken(change(), "hook"))
    [raised] = await _claim(connection)
    settled, going_on = asyncio.Event(), asyncio.Event()

    async def settle_slowly() -> None:
        async with connection.transaction() as open_now:
            await settle(open_now, [_outcome(raised)], NOW)
            await release(open_now, [raised])
            settled.set()
            await going_on.wait()

    settling = asyncio.create_task(settle_slowly())
    await settled.wait()
    taking = asyncio.create_task(_take(other, taken(recovery(), "hook")))
    await _blocked(settings)
    going_on.set()
    await asyncio.gather(settling, taking)

    assert len(await _claim(connection)) == 1


async def _blocked(settings: NotifierSettings) -> None:
    """Return once some backend waits for a lock."""
    watcher = Connection(settings)

    async def waits() -> bool:
        async with watcher.statements() as open_now:
            return bool(await open_now.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

    await until(waits, seconds=10)
    await watcher.close()


async def test_two_workers_with_the_same_changes_make_each_delivery_once_and_in_order(
    connection: Connection, other: Connection
) -> None:
    batch = [taken(each, "hook") for number in range(50) for each in (change(number), recovery(number))]

    shares = await asyncio.gather(_take(connection, *batch), _take(other, *reversed(batch[:40]), *batch[40:]))

    assert sum(map(len, shares)) == 100
    heads = await _claim(connection, room=200)
    assert len({each.warning_id for each in heads}) == len(heads) == 50


async def test_a_connection_that_broke_is_opened_again(settings: NotifierSettings, connection: Connection) -> None:
    async with connection.statements() as open_now:
        pid = open_now.get_server_pid()
    killer = Connection(settings, by_index=False)
    async with killer.statements() as open_now:
        await open_now.execute("SELECT pg_terminate_backend($1)", pid)
    await killer.close()
    with contextlib.suppress(*PASSING):  # it may have been noticed already
        await _claim(connection)

    assert await _claim(connection) == []


async def _gathered(connection: Connection, *told: WarningChange, state: str = "pending") -> Claim:
    """A message that speaks of all of these, led by the first; tried once."""
    message = NewDelivery(
        uuid4(), told[0], "hook", "webhook", NOW + LEASE * 60, Purpose.GROUP,
        others=[each.change_id for each in told[1:]], total=len(told), mentions=[each.warning_id for each in told[1:]],
    )  # fmt: skip
    async with connection.transaction() as inside:
        await see(inside, [taken(each) for each in told], NOW)
        await make(inside, [message], NOW)
    [claimed] = await _claim(connection)
    assert claimed.delivery_id == message.id
    await _settle(connection, _outcome(claimed, state, NOW + timedelta(hours=1)))
    return claimed


async def test_a_recovery_never_overtakes_a_message_that_raises_its_warning_among_others(
    connection: Connection,
) -> None:
    message = await _gathered(connection, change(1), change(2), change(3))
    await _take(connection, taken(recovery(2), "hook", "mail"), taken(change(4), "hook"))

    [other] = await _claim(connection)
    assert _ordinals([other]) == [str(change(4).change_id)]
    await _settle(connection, _outcome(other))
    assert len(await _claim(connection, receiver="mail")) == 1, "which was told nothing of it"
    later = NOW + timedelta(hours=1)
    [again] = await _claim(connection, later)
    assert again.position == message.position
    assert await _claim(connection, later) == [], "not while it is under way"
    await _settle(connection, _outcome(again))
    assert _ordinals(await _claim(connection, later)) == [str(recovery(2).change_id)]


@pytest.mark.parametrize(
    "first", [[change(2)], [change(4), change(2)], [change(2), change(4)]], ids=["it", "beside", "before"]
)
async def test_a_message_of_several_waits_for_what_was_to_be_told_of_each(
    connection: Connection, first: list[WarningChange]
) -> None:
    earlier = await _gathered(connection, *first)
    message = NewDelivery(
        uuid4(), change(1), "hook", "webhook", NOW + LEASE, Purpose.GROUP, mentions=[change(2).warning_id]
    )
    async with connection.transaction() as inside:
        await see(inside, [taken(change(1))], NOW)
        await make(inside, [message], NOW)

    assert await _claim(connection) == []
    [again] = await _claim(connection, NOW + timedelta(hours=1))
    assert again.position == earlier.position
    await _settle(connection, _outcome(again))
    assert [each.delivery_id for each in await _claim(connection)] == [message.id]


async def test_a_dead_message_of_several_blocks_nobody(connection: Connection) -> None:
    await _gathered(connection, change(1), change(2), state="dead")
    await _take(connection, taken(recovery(2), "hook"))

    assert _ordinals(await _claim(connection)) == [str(recovery(2).change_id)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_messages_speak_of_each_warning_is_told_in_order(connection: Connection, seed: int) -> None:
    chance = random.Random(seed)
    spoken = [[change(number) for number in chance.sample(range(6), chance.choice([1, 1, 2, 3]))] for _ in range(40)]
    messages = [
        NewDelivery(
            uuid4(), told[0], "hook", "webhook", NOW, Purpose.GROUP, mentions=[each.warning_id for each in told[1:]]
        )
        for told in spoken
    ]  # fmt: skip
    async with connection.transaction() as inside:
        await see(inside, [taken(change(number)) for number in range(6)], NOW)
        await make(inside, messages, NOW)
    place = {each.id: number for number, each in enumerate(messages)}

    settled: list[int] = []
    while len(settled) < len(messages):
        claims = await _claim(connection, room=chance.randint(1, 5))
        assert claims, "somebody may always go"
        chance.shuffle(claims)
        ends = {each: chance.choice(["delivered", "dead", "pending"]) for each in range(len(claims))}
        await _settle(connection, *(_outcome(each, ends[number]) for number, each in enumerate(claims)))
        settled += [place[each.delivery_id] for number, each in enumerate(claims) if ends[number] != "pending"]
    for number in range(6):
        of_warning = [each for each in settled if any(told.warning_id.int == number for told in spoken[each])]
        assert of_warning == sorted(of_warning)
