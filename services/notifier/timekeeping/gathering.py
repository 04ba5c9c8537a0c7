"""Tells what has been gathered, once it is due."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.configuration import Configuration
from services.notifier.configuration.rules import rules_of
from services.notifier.core.inhibition import OpenWarnings
from services.notifier.core.planning import Situation
from services.notifier.core.reasons import Reason
from services.notifier.core.releasing import Message, Release, release
from services.notifier.metrics import Metrics
from services.notifier.store import escalations, flow, gatherings, open_warnings, silences
from services.notifier.store.gatherings import HELD_AT_ONCE, Due, Settled
from services.notifier.store.making import NewDelivery, make

GATHERINGS_A_TURN = 100


@dataclass(slots=True)
class _Turn:
    """What becomes of the gatherings of one turn."""

    deliveries: list[NewDelivery] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    again: dict[tuple[str, str], tuple[datetime, datetime | None]] = field(default_factory=dict)
    over: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[UUID, str]] = field(default_factory=list)


class GatheringsDue:
    """Takes gatherings that no other replica holds; what they tell and what becomes of them is one transaction."""

    def __init__(self, configuration: Configuration, metrics: Metrics) -> None:
        self._metrics = metrics
        self.use(configuration)

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration."""
        self._receivers = configuration.receivers
        self._rules = rules_of(configuration)

    async def take(self, connection: "asyncpg.Connection[Any]", now: datetime) -> set[str]:
        """Within a transaction: release what is due. Those there is something for now."""
        due = await gatherings.take_due(connection, now, GATHERINGS_A_TURN)
        if not due:
            return set()
        situation = await self._situation(connection, due, now)
        turn = _Turn()
        for each in due:
            self._note(each, self._released(each, situation), turn, now)
        await escalations.told(connection, turn.told)
        await gatherings.settle(connection, turn.settled, turn.again, turn.over, now)
        messages = Counter(each.receiver for each in turn.deliveries if each.receiver in self._rules.storms)
        await flow.add(connection, messages, now)
        await make(connection, turn.deliveries, now)
        held_for = {held.number: held.reason for each in due for held in each.held}
        for settled in turn.settled:
            self._metrics.notices.labels(settled.state, settled.reason or held_for[settled.number]).inc()
        return {each.receiver for each in turn.deliveries}

    async def _situation(self, connection: "asyncpg.Connection[Any]", due: Sequence[Due], now: datetime) -> Situation:
        situation = Situation(now, await silences.active(connection, now))
        if self._rules.inhibit:
            changes = [held.change for each in due for held in each.held]
            groups = {each.about.group for each in changes if each.about.group is not None}
            borrowers = {each.borrower_id for each in changes}
            situation.open_warnings = OpenWarnings(await open_warnings.of(connection, borrowers, groups))
        return situation

    def _released(self, due: Due, situation: Situation) -> Release:
        if due.receiver in self._rules.receivers:
            return release(due.gathering, due.receiver, due.held, due.standing, self._rules, situation)
        why = Reason.UNCONFIGURED, "the receiver is not configured any more"
        return Release(suppressed={each.number: why for each in due.held})

    def _note(self, due: Due, released: Release, turn: _Turn, now: datetime) -> None:
        place = due.receiver, due.gathering.key
        turn.deliveries += [self._delivery(due, each, now) for each in released.messages]
        told = {number for each in released.messages for number in each.numbers}
        turn.told += {(each.change.warning_id, due.receiver) for each in due.held if each.number in told}
        turn.settled += _settled(due, released)
        # There may be more, which must not wait for the next message or repeat of those that were told.
        more = len(due.held) == HELD_AT_ONCE and (released.messages or released.suppressed)
        due_at = now if more else released.due_at
        if due_at is None:
            turn.over.append(place)
        else:
            turn.again[place] = due_at, now if released.messages else None

    def _delivery(self, due: Due, message: Message, now: datetime) -> NewDelivery:
        settings, leading = self._receivers[due.receiver], message.changes[0]
        told = {each.change.warning_id for each in due.held if each.number in set(message.numbers)}
        mentions = told | {each.warning_id for each in message.changes}
        return NewDelivery(
            message.id,
            leading,
            due.receiver,
            settings.channel,
            now + settings.schedule(leading.level).deadline,
            message.purpose,
            others=[each.change_id for each in message.changes[1:]],
            total=message.total,
            common=due.gathering.common or None,
            mentions=mentions - {leading.warning_id},
        )


def _settled(due: Due, released: Release) -> Iterator[Settled]:
    told = {number: each.id for each in released.messages for number in each.numbers}
    warnings = {each.number: each.change.warning_id for each in due.held}
    instead = {warnings[number]: delivery for number, delivery in told.items()}
    for number, delivery in told.items():
        yield Settled(number, "told", delivery_id=delivery)
    for number in released.superseded:
        delivery = instead[warnings[number]]
        yield Settled(number, "suppressed", Reason.SUPERSEDED, "a later change was told instead", delivery)
    for number, (reason, detail) in released.suppressed.items():
        yield Settled(number, "suppressed", reason, detail)
