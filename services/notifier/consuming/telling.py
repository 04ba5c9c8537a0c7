"""New changes are planned in their order, and what comes of it is written down in the transaction that keeps them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.configuration import Configuration
from services.notifier.configuration.rules import rules_of
from services.notifier.core.escalating import begins_of, outgrown
from services.notifier.core.gathering import Gathering
from services.notifier.core.hearing import is_end
from services.notifier.core.inhibition import OpenWarnings
from services.notifier.core.message import delivery_id
from services.notifier.core.planning import (
    RECOVERIES,
    Decision,
    Hold,
    Known,
    Situation,
    Suppress,
    Tell,
    joined,
    plan,
    source_key,
)
from services.notifier.core.reasons import Reason
from services.notifier.core.routing import Telling as Routed
from services.notifier.core.routing import tellings_of
from services.notifier.store import escalations, flow, gatherings, hearing, open_warnings, silences
from services.notifier.store.gatherings import Notice, Waiting
from services.notifier.store.open_warnings import Standing
from services.notifier.store.taking import Order, Taken, order, supersede
from shared.warnings import Kind, Level, WarningChange

OVERTAKEN = "a later change took its place"
AT_ONCE = "its end came before it could be told"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of new changes: each with what is told of it at once, and why others are not told yet or at all."""

    taken: Sequence[Taken]
    notices: Sequence[Notice]
    escalations: Mapping[str, int]
    """How many have begun, and how many ended, by why."""


NOTHING_TOLD = Told((), (), {})


@dataclass(slots=True)
class _Book:
    """What is known as the batch goes on, and what is to be written at its end."""

    told: dict[UUID, frozenset[str]]
    held: dict[UUID, dict[str, Gathering]]
    before: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    """Who had been told before the batch."""
    levels: dict[UUID, Level | None] = field(default_factory=dict)
    standing: dict[UUID, WarningChange] = field(default_factory=dict)
    answers: dict[UUID, WarningChange] = field(default_factory=dict)
    """The acknowledgement of each warning that holds: nothing has outgrown it."""
    taken: list[Taken] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    overtaken: dict[tuple[str, UUID], UUID | None] = field(default_factory=dict)
    """The receivers and warnings of which what waited gives way, and the delivery that says more, if it is made yet."""
    skipped: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    """Changes of the batch that such receivers are not sent, of warnings that they were not told of before."""
    newest: dict[tuple[str, UUID], UUID] = field(default_factory=dict)
    """The newest delivery of the batch to a receiver that wants no earlier ones."""
    messages: Counter[str] = field(default_factory=Counter)
    escalating: list[tuple[WarningChange, Sequence[Routed], Sequence[Decision]]] = field(default_factory=list)
    """Every change, with whom its routes name and what is done for each."""

    def overtake(self, receiver: str, warning: UUID, delivery: UUID | None) -> None:
        """What waits for a receiver on a warning gives way, of this batch and of those before."""
        self.overtaken[receiver, warning] = delivery
        self.notices = [
            replace(each, reason=Reason.SUPERSEDED, detail=OVERTAKEN, key=None)
            if each.key is not None and (each.receiver, each.change.warning_id) == (receiver, warning)
            else each
            for each in self.notices
        ]

    def stand(self, change: WarningChange) -> None:
        """The warning is now as this change says. Whoever answered for it did not answer for more than it was."""
        self.standing[change.warning_id], self.levels[change.warning_id] = change, change.level
        if change.kind is Kind.ESCALATED:
            self.answers.pop(change.warning_id, None)

    def known(self, change: WarningChange) -> Known:
        return Known(self.told.get(change.warning_id, frozenset()), self.held.get(change.warning_id, {}))


class Telling:
    """Plans by one configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._rules = rules_of(configuration)

    def is_for_anybody(self, change: WarningChange) -> bool:
        """Whether it may lead to a message. A recovery goes to whoever was told, whatever the routes say now."""
        return change.kind in RECOVERIES or bool(tellings_of(self._configuration.routes, change))

    async def tell(self, connection: "asyncpg.Connection[Any]", fresh: Sequence[Taken], now: datetime) -> Told:
        """Within a transaction: plan new changes and write down what comes of it."""
        changes = [each.change for each in fresh]
        book = await self._opened(connection, changes)
        situation = await self._situation(connection, changes, now)
        for each in fresh:
            self._plan(each, book, situation)
        book.taken = [self._without_overtaken(each, book) for each in book.taken]
        escalated = await self._write(connection, book, changes, now)
        return Told(book.taken, book.notices, escalated)

    async def _opened(self, connection: "asyncpg.Connection[Any]", changes: Sequence[WarningChange]) -> _Book:
        # Whoever raises is the first to speak of its warning: there is nothing to look up.
        later = {each.warning_id for each in changes if each.kind is not Kind.RAISED}
        if not later:
            return _Book({}, {})
        before = await open_warnings.lock(connection, later)
        told = {warning: each.told for warning, each in before.items()}
        begun = {each.warning_id for each in changes if each.kind is Kind.RAISED}
        if ended := later - before.keys() - begun:
            told |= await hearing.told_of(connection, ended)
        held = await gatherings.held_of(connection, later)
        return _Book(told, held, dict(told), {warning: each.level for warning, each in before.items()})

    async def _situation(
        self, connection: "asyncpg.Connection[Any]", changes: Sequence[WarningChange], now: datetime
    ) -> Situation:
        rules = self._rules
        windows = {name: each.within for name, each in rules.storms.items()}
        situation = Situation(
            now, await silences.active(connection, now), flow=Counter(await flow.of(connection, windows, now))
        )
        if rules.inhibit:
            groups = {each.about.group for each in changes if each.about.group is not None}
            borrowers = {each.borrower_id for each in changes}
            situation.open_warnings = OpenWarnings(await open_warnings.of(connection, borrowers, groups))
        return situation

    def _plan(self, taken: Taken, book: _Book, situation: Situation) -> None:
        change = taken.change
        known = book.known(change)
        decisions = plan(change, known, self._rules, situation)
        late = change.kind is Kind.ACKNOWLEDGED and outgrown(change, book.levels.get(change.warning_id))
        if self._configuration.escalations and not late:
            tellings = tellings_of(self._configuration.routes, change)
            book.escalating.append((change, tellings, decisions))
        noted = (self._noted(each, change, known, book, situation.now) for each in decisions)
        orders = [each for each in noted if each is not None]
        book.taken.append(replace(taken, orders=orders))
        told = book.told.get(change.warning_id, frozenset())
        book.told[change.warning_id] = told | {each.receiver for each in orders}
        if change.kind is Kind.ACKNOWLEDGED:
            if not late:
                book.answers[change.warning_id] = change
        else:
            book.stand(change)
            if self._rules.inhibit:
                situation.open_warnings.hear(change)

    def _noted(
        self, decision: Decision, change: WarningChange, known: Known, book: _Book, now: datetime
    ) -> Order | None:
        """Put down what a decision asks for; the order, where it is to tell now."""
        receiver, knows = decision.receiver, decision.receiver in known.told
        match decision:
            case Suppress(reason=reason, detail=detail):
                book.notices.append(Notice(change, receiver, reason, detail, known=knows))
            case Hold(gathering=gathering, due_at=due_at, reason=reason, detail=detail, over=over):
                if over is not None:
                    book.overtake(receiver, change.warning_id, None)
                book.notices.append(Notice(change, receiver, reason, detail, gathering.key, knows))
                book.waiting.append(Waiting(receiver, gathering, due_at))
                held = book.held.setdefault(change.warning_id, {})
                held[receiver] = replace(gathering, due_at=due_at)
            case Tell(over=over):
                self._overtake(change, receiver, over, book)
                settings = self._configuration.receivers[receiver]
                book.messages[receiver] += 1
                return Order(receiver, settings.channel, now + settings.schedule(change.level).deadline)
        return None

    def _overtake(self, change: WarningChange, receiver: str, over: Gathering | None, book: _Book) -> None:
        delivery = delivery_id(change.change_id, receiver)
        if over is not None:
            book.overtake(receiver, change.warning_id, delivery)
            book.held[change.warning_id].pop(receiver)
        if receiver in self._rules.collapsing and change.kind is not Kind.ACKNOWLEDGED:
            book.newest[receiver, change.warning_id] = delivery

    def _without_overtaken(self, taken: Taken, book: _Book) -> Taken:
        """Of several changes of one fetch, those who want the newest alone are sent no other.

        Nor the newest where that is the end of what they had not been told of before.
        """
        change = taken.change
        late = {each.receiver for each in taken.orders if self._is_overtaken(change, each.receiver, book)}
        over = {
            each.receiver for each in taken.orders if is_end(change) and book.skipped[each.receiver, change.warning_id]
        }
        for each in late - book.before.get(change.warning_id, frozenset()):
            book.skipped[each, change.warning_id] += 1
        for each in sorted(late | over):
            why = (Reason.OVER, AT_ONCE) if each in over and each not in late else (Reason.SUPERSEDED, OVERTAKEN)
            book.notices.append(Notice(change, each, *why))
        return replace(taken, orders=[each for each in taken.orders if each.receiver not in late | over])

    def _is_overtaken(self, change: WarningChange, receiver: str, book: _Book) -> bool:
        newest = book.newest.get((receiver, change.warning_id))
        return (
            newest is not None
            and change.kind is not Kind.ACKNOWLEDGED
            and newest != delivery_id(change.change_id, receiver)
        )

    def _begins(
        self, book: _Book, dues: Mapping[tuple[str, str], datetime], now: datetime
    ) -> Iterator[tuple[WarningChange, Mapping[str, datetime]]]:
        """Every change, with the policies that begin with it and from when on each counts."""
        for change, tellings, decisions in book.escalating:
            held = [self._when_due(each, dues) for each in decisions] if dues else decisions
            yield change, begins_of(tellings, held, now)

    def _when_due(self, decision: Decision, dues: Mapping[tuple[str, str], datetime]) -> Decision:
        """What is held with others is told with them, and so may be told later than it would be by itself."""
        if not isinstance(decision, Hold):
            return decision
        due_at = dues.get((decision.receiver, decision.gathering.key))
        return joined(decision, due_at, self._rules) if due_at is not None else decision

    async def _write(
        self, connection: "asyncpg.Connection[Any]", book: _Book, changes: Sequence[WarningChange], now: datetime
    ) -> Mapping[str, int]:
        """In the order of the locks: warnings, gatherings, notices, escalations, queue. What became of escalations."""
        standing = [Standing(change, sorted(book.told[warning])) for warning, change in book.standing.items()]
        await open_warnings.write(connection, standing)
        await open_warnings.acknowledge(connection, book.answers.values(), now)
        eased = [source_key(each) for each in changes if each.kind in RECOVERIES] if self._rules.inhibit else []
        await gatherings.wake(connection, eased, now)
        await gatherings.give_way(connection, [(*lane, delivery) for lane, delivery in book.overtaken.items()], now)
        dues = await gatherings.hold(connection, book.waiting, book.notices, now)
        escalated: Mapping[str, int] = {}
        if policies := self._configuration.escalations:
            escalated = await escalations.escalate(connection, self._begins(book, dues, now), policies, now)
            await escalations.wake(connection, eased, now)
        await flow.add(
            connection, {name: book.messages[name] for name in self._rules.storms if book.messages[name]}, now
        )
        later = {each.warning_id for each in changes if each.kind is not Kind.RAISED}
        await supersede(connection, [lane for lane in book.newest if lane[1] in later], now)
        await order(connection, book.taken, now)
        return escalated
