"""The group's callbacks only note; the loop takes and lets go."""

import asyncio

from aiokafka import TopicPartition

from services.warning.worker.membership import Membership

OWNED = [TopicPartition("events", 0), TopicPartition("events", 1)]


async def test_an_assignment_is_handed_out_once() -> None:
    membership = Membership()
    await membership.on_partitions_assigned(OWNED)

    assert membership.assignment() == frozenset({0, 1})
    assert membership.assignment() is None


async def test_a_revocation_waits_until_the_loop_has_let_go() -> None:
    membership = Membership()
    revoked = asyncio.create_task(membership.on_partitions_revoked(OWNED))
    await asyncio.sleep(0)
    assert (membership.revoking, revoked.done()) == (True, False)

    membership.released()
    await revoked

    assert not membership.revoking


async def test_an_assignment_that_was_revoked_before_it_was_taken_is_never_taken() -> None:
    membership = Membership()
    await membership.on_partitions_assigned(OWNED)
    revoked = asyncio.create_task(membership.on_partitions_revoked(OWNED))
    await asyncio.sleep(0)
    membership.released()
    await revoked

    assert membership.assignment() is None


async def test_a_first_join_revokes_nothing_and_waits_for_nobody() -> None:
    membership = Membership()
    await membership.on_partitions_revoked([])

    assert not membership.revoking
