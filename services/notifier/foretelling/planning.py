"""Who would be told of changes, when and why: by the functions that plan it, with nothing stored and nobody told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.notifier.configuration import Configuration
from services.notifier.configuration.rules import rules_of
from services.notifier.core.escalating import Standing, Step, begins_of, steps_of, turned
from services.notifier.core.gathering import Gathering
from services.notifier.core.hours import Closed
from services.notifier.core.inhibition import OpenWarnings
from services.notifier.core.planning import Decision, Hold, Known, Rules, Situation, Suppress, Tell, plan
from services.notifier.core.routing import Route, Telling, tellings_of
from shared.warnings import Kind, WarningChange


@dataclass(frozen=True, slots=True)
class Foretold:
    """What becomes of one change. `tellings` are by receiver; one that is told without a route has none."""

    change: WarningChange
    decisions: Sequence[Decision]
    tellings: dict[str, Telling]
    closed: dict[str, Closed]
    """Whose gathering is due in hours in which they are not told, and until when it then waits on."""
    steps: Sequence[tuple[Standing, Step]]
    """What escalates because of it, if nobody answers for the warning."""


@dataclass(slots=True)
class _Book:
    """What is known as changes come one after the other, as intake would write it down."""

    told: dict[UUID, set[str]] = field(default_factory=dict)
    held: dict[UUID, dict[str, Gathering]] = field(default_factory=dict)
    due: dict[tuple[str, str], datetime] = field(default_factory=dict)
    newest: dict[UUID, WarningChange] = field(default_factory=dict)
    escalating: set[tuple[UUID, str]] = field(default_factory=set)

    def known(self, warning: UUID) -> Known:
        return Known(frozenset(self.told.get(warning, ())), self.held.get(warning, {}))

    def write(self, change: WarningChange, decisions: Sequence[Decision]) -> list[Decision]:
        """Note the decisions. A gathering that is under way already stays due when it was."""
        told, held = self.told.setdefault(change.warning_id, set()), self.held.setdefault(change.warning_id, {})
        noted = [self._settled(each) for each in decisions]
        for each in noted:
            match each:
                case Tell(receiver=receiver):
                    told.add(receiver)
                    held.pop(receiver, None)
                case Hold(receiver=receiver, gathering=gathering, due_at=due_at):
                    held[receiver] = replace(gathering, due_at=due_at)
                case Suppress():
                    pass
        if change.kind in (Kind.CLEARED, Kind.WITHDRAWN):
            self.newest.pop(change.warning_id, None)
        else:
            self.newest[change.warning_id] = change
        return noted

    def _settled(self, decision: Decision) -> Decision:
        if not isinstance(decision, Hold):
            return decision
        key = (decision.receiver, decision.gathering.key)
        return replace(decision, due_at=self.due.setdefault(key, decision.due_at))


def foretell(configuration: Configuration, changes: Sequence[WarningChange], now: datetime) -> Iterator[Foretold]:
    """What becomes of changes that come `now`, in their order, where nothing was open before."""
    book, rules = _Book(), rules_of(configuration)
    for change in changes:
        situation = Situation(now, open_warnings=OpenWarnings(book.newest.values()))
        decisions = book.write(change, plan(change, book.known(change.warning_id), rules, situation))
        tellings = {each.receiver: each for each in tellings_of(configuration.routes, change)}
        begins = begins_of(tellings.values(), decisions, now)
        steps = _steps(configuration, book, change, begins, now)
        yield Foretold(change, decisions, tellings, _closed(decisions, rules), steps)


def _closed(decisions: Sequence[Decision], rules: Rules) -> dict[str, Closed]:
    found = {
        each.receiver: rules.hours.closed(each.gathering.manner, each.due_at)
        for each in decisions
        if isinstance(each, Hold)
    }
    return {receiver: each for receiver, each in found.items() if each is not None}


def _steps(
    configuration: Configuration, book: _Book, change: WarningChange, begins: dict[str, datetime], now: datetime
) -> list[tuple[Standing, Step]]:
    turn = turned([(change, begins)], configuration.escalations, now)
    book.escalating = {each for each in book.escalating if each[0] not in turn.ended}
    begun = [each for each in turn.begun if (each.warning_id, each.policy) not in book.escalating]
    book.escalating |= {(each.warning_id, each.policy) for each in begun}
    coming = [step for each in begun for step in steps_of(each, configuration.escalations[each.policy])]
    return sorted(coming, key=lambda each: each[0].due_at)


def way_to(routes: Sequence[Route], receiver: str, change: WarningChange) -> str:
    """The route that leads a change to a receiver, such as `routes[1].routes[0]`; empty where none does."""
    for number, route in enumerate(routes):
        if receiver not in {each.receiver for each in tellings_of([route], change)}:
            continue
        inner = way_to(route.routes, receiver, change)
        return f"routes[{number}]" + (f".{inner}" if inner else "")
    return ""
