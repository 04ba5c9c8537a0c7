"""The notifier's planning on a simulated clock: what the tables would hold, in dictionaries."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notifier.core.gathering import Gathering
from services.notifier.core.hearing import heard_of, hears_of_end, is_end
from services.notifier.core.inhibition import OpenWarnings
from services.notifier.core.message import Purpose
from services.notifier.core.planning import RECOVERIES, Hold, Known, Rules, Situation, Suppress, Tell, plan, source_key
from services.notifier.core.releasing import Held, release
from services.notifier.core.silencing import Silence
from shared.warnings import Kind, WarningChange


class Sent(NamedTuple):
    """One message that went out."""

    at: datetime
    receiver: str
    id: UUID
    purpose: Purpose
    changes: tuple[WarningChange, ...]
    arrived: bool = True


@dataclass
class _Waiting:
    gathering: Gathering
    due_at: datetime
    held: list[Held] = field(default_factory=list)
    told: list[UUID] = field(default_factory=list)
    """Warnings it has told of."""


@dataclass
class Simulation:
    """Hears changes and lets time pass. `ended` says what became of each change for each receiver it concerned."""

    rules: Rules
    now: datetime
    silences: list[Silence] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    ended: dict[tuple[UUID, str], str] = field(default_factory=dict)
    away: dict[str, datetime] = field(default_factory=dict)
    """Until when receivers cannot be reached: what is sent to them before is lost."""
    _open: dict[UUID, WarningChange] = field(default_factory=dict)
    _told: dict[UUID, set[str]] = field(default_factory=dict)
    _answered: set[UUID] = field(default_factory=set)
    _waiting: dict[tuple[str, str], _Waiting] = field(default_factory=dict)
    _flow: Counter[str] = field(default_factory=Counter)
    _numbers: int = 0

    def hear(self, change: WarningChange) -> None:
        """Take a change in."""
        known = Known(frozenset(self._told.get(change.warning_id, ())), self._held_of(change.warning_id))
        for decision in plan(change, known, self.rules, self._situation()):
            match decision:
                case Suppress(receiver=receiver, reason=reason):
                    self.ended[change.change_id, receiver] = reason
                case Hold():
                    if decision.over is not None:
                        self._overtake(change, decision.receiver, decision.over)
                    self._hold(change, decision, known)
                case Tell(receiver=receiver, over=over):
                    if over is not None:
                        self._overtake(change, receiver, over)
                    self._send(receiver, change.change_id, Purpose.CHANGE, (change,))
                    self._told.setdefault(change.warning_id, set()).add(receiver)
        self._stand(change)

    def pass_to(self, moment: datetime) -> None:
        """Let the clock go on; what falls due on the way is done at its time."""
        while due := [each for each in self._waiting.items() if each[1].due_at <= moment]:
            place, waiting = min(due, key=lambda each: (each[1].due_at, each[0]))
            self.now = max(self.now, waiting.due_at)
            self._release(place, waiting)
        self.now = moment

    def waits(self) -> dict[tuple[UUID, str], datetime]:
        """Of each change that is held for a receiver, when it is looked at."""
        return {
            (held.change.change_id, receiver): waiting.due_at
            for (receiver, _), waiting in self._waiting.items()
            for held in waiting.held
        }

    def _situation(self) -> Situation:
        return Situation(self.now, self.silences, OpenWarnings(self._open.values()), self._flow)

    def _held_of(self, warning: UUID) -> dict[str, Gathering]:
        return {
            receiver: replace(waiting.gathering, due_at=waiting.due_at)
            for (receiver, _), waiting in self._waiting.items()
            if any(each.change.warning_id == warning for each in waiting.held)
        }

    def _hold(self, change: WarningChange, hold: Hold, known: Known) -> None:
        place = hold.receiver, hold.gathering.key
        waiting = self._waiting.setdefault(place, _Waiting(hold.gathering, hold.due_at))
        group, told_at = hold.gathering.manner.group, waiting.gathering.told_at
        apart = told_at + group.interval if group is not None and told_at is not None else hold.due_at
        waiting.due_at = min(waiting.due_at, max(hold.due_at, apart))
        self._numbers += 1
        waiting.held.append(Held(self._numbers, change, hold.reason, hold.receiver in known.told))

    def _overtake(self, change: WarningChange, receiver: str, over: Gathering) -> None:
        waiting = self._waiting[receiver, over.key]
        for each in [each for each in waiting.held if each.change.warning_id == change.warning_id]:
            self.ended[each.change.change_id, receiver] = "superseded"
            waiting.held.remove(each)

    def _stand(self, change: WarningChange) -> None:
        if change.kind is Kind.ACKNOWLEDGED:
            self._answered.add(change.warning_id)
        elif change.level is None:
            self._open.pop(change.warning_id, None)
            self._told.pop(change.warning_id, None)
        else:
            self._open[change.warning_id] = change
            self._told.setdefault(change.warning_id, set())
        if change.kind in RECOVERIES:
            for waiting in self._waiting.values():
                if waiting.gathering.wake == source_key(change):
                    waiting.due_at = self.now

    def _release(self, place: tuple[str, str], waiting: _Waiting) -> None:
        receiver = place[0]
        held = [
            replace(each, known=each.known or receiver in self._told.get(each.change.warning_id, ()))
            for each in waiting.held
        ]
        standing = [self._open[each] for each in dict.fromkeys(waiting.told) if each in self._open]
        unanswered = [each for each in standing if each.warning_id not in self._answered]
        released = release(waiting.gathering, receiver, held, unanswered, self.rules, self._situation())
        by_number = {each.number: each.change for each in held}
        for message in released.messages:
            self._send(receiver, message.id, message.purpose, message.changes)
            waiting.gathering = replace(waiting.gathering, told_at=self.now)
        told = [number for message in released.messages for number in message.numbers]
        for number in told:
            warning = by_number[number].warning_id
            waiting.told.append(warning)
            if warning in self._told:
                self._told[warning].add(receiver)
        for number in released.superseded:
            self.ended[by_number[number].change_id, receiver] = "superseded"
        for number, (reason, _) in released.suppressed.items():
            self.ended[by_number[number].change_id, receiver] = reason
        over = {*told, *released.superseded, *released.suppressed}
        waiting.held = [each for each in waiting.held if each.number not in over]
        if released.due_at is None:
            assert not waiting.held, "what is over holds nothing"
            del self._waiting[place]
        else:
            assert released.due_at > self.now or not waiting.held or waiting.gathering.wake, "time goes on"
            waiting.due_at = released.due_at

    def _send(self, receiver: str, message: UUID, purpose: Purpose, changes: tuple[WarningChange, ...]) -> None:
        said = tuple(each for each in changes if not is_end(each) or self._hears(receiver, each, changes, purpose))
        if said:
            arrived = self.now >= self.away.get(receiver, self.now)
            self.sent.append(Sent(self.now, receiver, message, purpose, said, arrived))
        if purpose is not Purpose.REPEAT:
            for each in changes:
                self.ended[each.change_id, receiver] = "told" if each in said else "untold"

    def _hears(self, receiver: str, end: WarningChange, along: tuple[WarningChange, ...], purpose: Purpose) -> bool:
        """Whether the receiver is told of an end, asked right before it is sent."""
        about = [one for one in along if one.warning_id == end.warning_id]
        if any(not is_end(one) for one in about):
            return True
        before = [
            each.arrived
            for each in self.sent
            if each.receiver == receiver and any(one.warning_id == end.warning_id for one in each.changes)
        ]
        return hears_of_end(heard_of(before), purpose)
