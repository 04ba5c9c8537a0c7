"""What becomes of a change for each of those it concerns: told now, held for later, or not told, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.notifier.core.gathering import Gathering, next_digest
from services.notifier.core.hours import Hours
from services.notifier.core.inhibition import Inhibition, OpenWarnings, inhibitor
from services.notifier.core.labels import labels_of
from services.notifier.core.matching import reached_level
from services.notifier.core.message import Purpose
from services.notifier.core.reasons import Reason
from services.notifier.core.routing import Manner, Route, Telling, tellings_of
from services.notifier.core.silencing import Silence, muting, wake_key
from services.notifier.core.storm import Storm
from shared.warnings import Kind, WarningChange

RECOVERIES = frozenset({Kind.EASED, Kind.CLEARED, Kind.WITHDRAWN})
LOOK_AGAIN = timedelta(minutes=5)
"""How soon what an open warning mutes is looked at again, should nobody say that it has ended."""
NEVER_TOLD = "was never told of this warning"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a configuration says of telling."""

    routes: Sequence[Route]
    hours: Hours = field(default_factory=Hours)
    inhibit: Sequence[Inhibition] = ()
    receivers: frozenset[str] = frozenset()
    storms: Mapping[str, Storm] = field(default_factory=dict)
    collapsing: frozenset[str] = frozenset()
    """Receivers that want the newest of a warning only; the others want every change."""
    one_by_one: frozenset[str] = frozenset()
    """Receivers that are told each change by itself, also of what waited together."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a warning before a change of it."""

    told: frozenset[str] = frozenset()
    """Receivers that a message was made for."""
    held: Mapping[str, Gathering] = field(default_factory=dict)
    """Where earlier changes wait, by receiver."""


@dataclass(slots=True)
class Situation:
    """What is true when a batch is planned: told messages are counted in `flow` as they are planned."""

    now: datetime
    silences: Sequence[Silence] = ()
    open_warnings: OpenWarnings = field(default_factory=OpenWarnings)
    """Those of the same borrowers and groups, where a rule asks for them."""
    flow: Counter[str] = field(default_factory=Counter)
    """Messages of late to receivers that know storms."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Now. `over` is where earlier changes of the warning wait, which this one makes needless."""

    receiver: str
    manner: Manner
    over: Gathering | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Later, in a gathering. `over` is where earlier changes of the warning wait that give way to it."""

    receiver: str
    gathering: Gathering
    due_at: datetime
    reason: Reason
    detail: str = ""
    over: Gathering | None = None


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not at all."""

    receiver: str
    reason: Reason
    detail: str = ""


Decision = Tell | Hold | Suppress


def plan(change: WarningChange, known: Known, rules: Rules, situation: Situation) -> list[Decision]:
    """One decision for each receiver that the change concerns, in the order of the routes."""
    concerned, strangers = _concerned(change, known, rules)
    return [
        *(_decided(each, change, known, rules, situation) for each in concerned),
        *strangers,
    ]


def _concerned(change: WarningChange, known: Known, rules: Rules) -> tuple[list[Telling], list[Suppress]]:
    """A recovery is for those who know of the warning, or are about to; of the others why they are not told."""
    routed = list(tellings_of(rules.routes, change))
    if change.kind not in RECOVERIES:
        return routed, []
    knowing = known.told | known.held.keys()
    asked = {each.receiver for each in routed}
    others = [Telling(name, Manner()) for name in sorted(knowing - asked) if name in rules.receivers]
    told = [each for each in routed if each.receiver in knowing or each.names_kind]
    strangers = [Suppress(each.receiver, Reason.UNTOLD, NEVER_TOLD) for each in routed if each not in told]
    gone = [Suppress(name, Reason.UNCONFIGURED) for name in sorted(knowing - asked - rules.receivers)]
    return [*told, *others], [*strangers, *gone]


def _decided(telling: Telling, change: WarningChange, known: Known, rules: Rules, situation: Situation) -> Decision:
    waiting = known.held.get(telling.receiver)
    if waiting is not None and (change.kind in RECOVERIES or telling.receiver not in rules.collapsing):
        # Never before what it is the end of, and to those who want every change, all in their order.
        return Hold(telling.receiver, waiting, waiting.due_at or situation.now, Reason.GROUP, "follows what is held")
    if change.kind is not Kind.ACKNOWLEDGED and (held := _held_back(telling, change, rules, situation)) is not None:
        # In two places the later change might be told before the earlier one.
        elsewhere = waiting is not None and waiting.key != held.gathering.key
        return replace(held, over=waiting) if elsewhere else held
    situation.flow[telling.receiver] += 1
    return Tell(telling.receiver, telling.manner, waiting)


def _held_back(telling: Telling, change: WarningChange, rules: Rules, situation: Situation) -> Hold | None:
    if (muted := _muted(telling, change, rules, situation)) is not None:
        return muted
    ways = (each(telling, change, rules, situation) for each in (_gathered, _out_of_hours, _flooded))
    held = next((each for each in ways if each is not None), None)
    return _within_hours(held, rules) if held is not None else None


def joined(hold: Hold, due_at: datetime, rules: Rules) -> Hold:
    """The same, where all that waits there is told then: others came before it, or an interval is not over yet."""
    return _within_hours(replace(hold, due_at=due_at), rules)


def _within_hours(held: Hold, rules: Rules) -> Hold:
    """Due when it can really be told: an escalation counts from there."""
    closed = rules.hours.closed(held.gathering.manner, held.due_at)
    if closed is None:
        return held
    return replace(held, due_at=closed.until, detail=f"in {closed.reason} hours ({closed.name}) until then")


def _muted(telling: Telling, change: WarningChange, rules: Rules, situation: Situation) -> Hold | None:
    if (silence := muting(situation.silences, change, situation.now)) is not None:
        key = wake_key(silence.id)
        detail = f"silenced by {silence.author}: {silence.reason}"
        gathering = Gathering(key, Purpose.GROUP, telling.manner, wake=key)
        return Hold(telling.receiver, gathering, silence.ends_at, Reason.SILENCED, detail)
    if (source := inhibitor(rules.inhibit, change, situation.open_warnings)) is not None:
        key = source_key(source)
        detail = f"the {source.level} warning {source.warning_id} of rule {source.rule} is open"
        gathering = Gathering(key, Purpose.GROUP, telling.manner, wake=key)
        return Hold(telling.receiver, gathering, situation.now + LOOK_AGAIN, Reason.INHIBITED, detail)
    return None


def source_key(source: WarningChange) -> str:
    """What gatherings that an open warning holds are woken by when it eases or ends."""
    return f"inhibited:{source.warning_id}"


def _gathered(telling: Telling, change: WarningChange, _: Rules, situation: Situation) -> Hold | None:
    manner = telling.manner
    if manner.digest is not None:
        common = _common(manner.digest.by, change)
        gathering = Gathering(_key("digest", common), Purpose.DIGEST, manner, common)
        return Hold(telling.receiver, gathering, next_digest(manner.digest, situation.now), Reason.DIGEST)
    if manner.group is not None:
        common = _common(manner.group.by, change)
        gathering = Gathering(_key("group", common), Purpose.GROUP, manner, common)
        return Hold(telling.receiver, gathering, situation.now + manner.group.wait, Reason.GROUP)
    return None


def _out_of_hours(telling: Telling, _: WarningChange, rules: Rules, situation: Situation) -> Hold | None:
    closed = rules.hours.closed(telling.manner, situation.now)
    if closed is None:
        return None
    gathering = Gathering(f"{closed.reason}:{closed.name}", Purpose.GROUP, telling.manner)
    return Hold(telling.receiver, gathering, closed.until, closed.reason, f"the hours {closed.name}")


def _flooded(telling: Telling, change: WarningChange, rules: Rules, situation: Situation) -> Hold | None:
    storm = rules.storms.get(telling.receiver)
    if storm is None or reached_level(change) in storm.except_levels:
        return None
    if situation.flow[telling.receiver] < storm.messages:
        return None
    detail = f"more than {storm.messages} messages in {storm.within}"
    gathering = Gathering("storm", Purpose.STORM, telling.manner)
    return Hold(telling.receiver, gathering, situation.now + storm.summary, Reason.STORM, detail)


def _common(by: Sequence[str], change: WarningChange) -> dict[str, str]:
    labels = labels_of(change)
    return {name: labels[name] or "" for name in by}


def _key(what: str, common: Mapping[str, str]) -> str:
    """Distinct for distinct values, whatever is in them: each is written with its length."""
    return what + "".join(f"|{name}={len(value)}:{value}" for name, value in common.items())
