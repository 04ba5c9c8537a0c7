"""What a gathering tells when it is due, what it goes on holding, and when it is looked at again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from services.notifier.core.gathering import Gathering
from services.notifier.core.inhibition import inhibitor
from services.notifier.core.message import Purpose, delivery_id
from services.notifier.core.planning import LOOK_AGAIN, Rules, Situation
from services.notifier.core.reasons import MUTING, Reason
from services.notifier.core.silencing import muting
from shared.warnings import Kind, Level, WarningChange

MOST_TOLD = 100
"""Changes that one message carries; of more it says how many there were."""
_NAMES = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:gathering")
_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits. `known`: its receiver had been told of the warning before."""

    number: int
    change: WarningChange
    reason: Reason
    known: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: the leading change, the others in the order of their weight, and how many warnings there were."""

    id: UUID
    purpose: Purpose
    changes: tuple[WarningChange, ...]
    total: int
    numbers: tuple[int, ...] = ()
    """The notices that it settles; none of a repeat."""


@dataclass(frozen=True, slots=True)
class Release:
    """What becomes of a gathering. Notices are named by their numbers; those not named wait on."""

    messages: Sequence[Message] = ()
    superseded: Sequence[int] = ()
    """A later change of the same warning is told instead, and says more."""
    suppressed: Mapping[int, tuple[Reason, str]] = field(default_factory=dict)
    due_at: datetime | None = None
    """When it is looked at again; None where it is over."""


def release(
    gathering: Gathering, receiver: str, held: Sequence[Held], standing: Sequence[WarningChange], rules: Rules,
    situation: Situation,
) -> Release:  # fmt: skip
    """What a gathering that is due does now.

    `held` is in order. `standing` are the newest changes of warnings that it has told of, that are open and that nobody
    has acknowledged: they are told again where the route says so.
    """
    now = situation.now
    closed = rules.hours.closed(gathering.manner, now)
    if closed is not None and (held or standing):
        return Release(due_at=closed.until)
    if not held:
        return _repeated(gathering, receiver, standing, now)
    return _released(gathering, receiver, held, rules, situation)


def _released(gathering: Gathering, receiver: str, held: Sequence[Held], rules: Rules, situation: Situation) -> Release:
    waits: list[datetime] = []
    told: list[Held] = []
    superseded: list[int] = []
    suppressed: dict[int, tuple[Reason, str]] = {}
    for of_warning in _by_warning(held):
        newest = of_warning[-1].change
        if (until := _muted_until(newest, rules, situation)) is not None:
            waits.append(until)
        elif (why := _needless(of_warning, newest_alone=receiver in rules.collapsing)) is not None:
            suppressed |= {each.number: why for each in of_warning}
        elif receiver in rules.collapsing:
            told.append(of_warning[-1])
            superseded += [each.number for each in of_warning[:-1]]
        else:
            told += of_warning
    messages = _messages(gathering, receiver, told, rules)
    return Release(messages, superseded, suppressed, _again(gathering, messages, waits, situation.now))


def _by_warning(held: Iterable[Held]) -> list[list[Held]]:
    found: dict[UUID, list[Held]] = {}
    for each in held:
        found.setdefault(each.change.warning_id, []).append(each)
    return list(found.values())


def _muted_until(change: WarningChange, rules: Rules, situation: Situation) -> datetime | None:
    soon = situation.now + LOOK_AGAIN
    if (silence := muting(situation.silences, change, situation.now)) is not None:
        return min(silence.ends_at, soon)
    return soon if inhibitor(rules.inhibit, change, situation.open_warnings) is not None else None


def _needless(of_warning: Sequence[Held], *, newest_alone: bool) -> tuple[Reason, str] | None:
    """Why nothing is said of a warning that its receiver was never told of; None where something is.

    Whoever is told every change hears of the beginning first. An end without one is what a route asks for by its kind.
    """
    newest = of_warning[-1]
    if any(each.known for each in of_warning) or newest.change.level is not None:
        return None
    begun = any(each.change.level is not None for each in of_warning)
    if begun and newest.change.kind is Kind.WITHDRAWN:
        return Reason.OVER, "it was withdrawn before it was told"
    if (muted := next((each for each in of_warning if each.reason in MUTING), None)) is not None:
        return muted.reason, "it ended while it was not to be told"
    return (Reason.OVER, "it had ended before it was told") if begun and newest_alone else None


def _messages(gathering: Gathering, receiver: str, told: Sequence[Held], rules: Rules) -> list[Message]:
    if receiver in rules.one_by_one:
        # In one message all past MOST_TOLD would be lost, and each could overtake what went before it of its warning.
        return [_single(each, receiver, Purpose.CHANGE) for each in sorted(told, key=lambda each: each.number)]
    if len(told) > 1:
        return [_several(gathering, receiver, told)]
    purpose = Purpose.CHANGE if gathering.purpose is Purpose.GROUP else gathering.purpose
    return [_single(each, receiver, purpose) for each in told]


def _single(held: Held, receiver: str, purpose: Purpose) -> Message:
    change = held.change
    return Message(delivery_id(change.change_id, receiver), purpose, (change,), 1, (held.number,))


def _several(gathering: Gathering, receiver: str, told: Sequence[Held]) -> Message:
    changes, numbers = _ordered(told), tuple(each.number for each in told)
    name = " ".join(sorted(str(each.change_id) for each in changes))
    identity = uuid5(_NAMES, f"{receiver} {name}")
    return Message(identity, gathering.purpose, tuple(changes[:MOST_TOLD]), len(changes), numbers)


def _ordered(told: Sequence[Held]) -> list[WarningChange]:
    """The most serious warning first, by how it is now, and the changes of each in their order."""
    lives = sorted(_by_warning(told), key=lambda of_warning: _weight(of_warning[-1].change))
    return [each.change for of_warning in lives for each in of_warning]


def _weight(change: WarningChange) -> tuple[bool, int, float, UUID]:
    """What is open comes first, then what is more serious, then what is older; the same in whatever order they came."""
    return change.level is None, -_RANK[change.severity], change.at.timestamp(), change.warning_id


def _again(
    gathering: Gathering, messages: Sequence[Message], waits: Sequence[datetime], now: datetime
) -> datetime | None:
    if waits:
        return min(waits)
    group = gathering.manner.group
    if group is None or gathering.purpose is not Purpose.GROUP or not gathering.key.startswith("group"):
        return None
    return now + (group.repeat or group.interval) if messages else now + group.interval


def _repeated(gathering: Gathering, receiver: str, standing: Sequence[WarningChange], now: datetime) -> Release:
    group = gathering.manner.group
    if group is None or group.repeat is None or not standing:
        return Release()
    due = (gathering.told_at or now) + group.repeat
    if due > now:
        return Release(due_at=due)
    changes = tuple(sorted(standing, key=_weight))
    name = f"repeat {receiver} {gathering.key} {due.isoformat()}"
    message = Message(uuid5(_NAMES, name), Purpose.REPEAT, changes[:MOST_TOLD], len(changes))
    return Release([message], due_at=now + max(group.repeat, timedelta(seconds=1)))
