"""Who is told next while nobody acknowledges."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.durations import Duration
from services.notifier.core.planning import Decision, Hold, Suppress
from services.notifier.core.reasons import MUTING, Reason
from services.notifier.core.routing import Telling
from shared.warnings import Kind, Level, WarningChange

_BEGINS = frozenset({Kind.RAISED, Kind.ESCALATED})
_ENDS = {Kind.ACKNOWLEDGED: Reason.ACKNOWLEDGED, Kind.CLEARED: Reason.CLOSED, Kind.WITHDRAWN: Reason.CLOSED}
_RANK = {level: rank for rank, level in enumerate(Level)}
_NAMES = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:escalation")


class Step(BaseModel):
    """Whom to tell when nobody has acknowledged for so long after the step before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait: Duration
    receivers: Annotated[tuple[str, ...], Field(min_length=1)]


class Escalation(BaseModel):
    """The steps in turn, begun when a warning is raised or escalated, ended by an acknowledgement or its end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]
    repeat: int = Field(default=0, ge=0, le=20, description="How often all the steps are gone through again")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the escalation of one warning by one policy has come: `step` of `round`, both from 0, is the next."""

    warning_id: UUID
    policy: str
    change_id: UUID
    """The change that began it."""
    step: int
    round: int
    due_at: datetime
    begun_at: datetime

    def delivery_id(self, receiver: str) -> UUID:
        """What this step tells a receiver has the same id whichever replica makes it, and another one each time."""
        return uuid5(_NAMES, f"{self.warning_id} {self.policy} {self.change_id} {self.round} {self.step} {receiver}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a batch of changes does to escalations: those of `ended` warnings are over, then those of `begun` begin."""

    ended: Mapping[UUID, Reason]
    begun: Sequence[Standing]


def begins_of(tellings: Iterable[Telling], decisions: Iterable[Decision], now: datetime) -> dict[str, datetime]:
    """Of each policy that the routes of a change name, from when on it counts: when somebody on them is first told.

    What is muted counts from now: steps are muted with it.
    """
    decided = {each.receiver: each for each in decisions}
    found: dict[str, datetime] = {}
    for each in tellings:
        name, decision = each.manner.escalation, decided.get(each.receiver)
        if name is None or decision is None or isinstance(decision, Suppress):
            continue
        begins = decision.due_at if isinstance(decision, Hold) and decision.reason not in MUTING else now
        found[name] = min(begins, found.get(name, begins))
    return found


def outgrown(answer: WarningChange, level: Level | None) -> bool:
    """Whether the warning is more serious by now than what was answered for: the answer came late, and ends nothing."""
    return level is not None and _RANK[level] > _RANK[answer.severity]


def turned(
    changes: Iterable[tuple[WarningChange, Mapping[str, datetime]]], policies: Mapping[str, Escalation], now: datetime
) -> Turn:
    """What changes, in their order, do to escalations. Each comes with the policies that begin, and from when on.

    One that is under way goes on as it is when its warning gets more serious: those on its next steps are told of
    the warning as it is then.
    """
    ended: dict[UUID, Reason] = {}
    begun: dict[tuple[UUID, str], Standing] = {}
    for change, begins in changes:
        if (why := _ENDS.get(change.kind)) is not None:
            ended.setdefault(change.warning_id, why)
            begun = {key: each for key, each in begun.items() if key[0] != change.warning_id}
        elif change.kind in _BEGINS:
            for name, at in begins.items():
                begun.setdefault((change.warning_id, name), beginning(change, name, policies[name], at, now))
    return Turn(ended, list(begun.values()))


def beginning(change: WarningChange, name: str, policy: Escalation, counts_from: datetime, now: datetime) -> Standing:
    """An escalation before its first step."""
    return Standing(change.warning_id, name, change.change_id, 0, 0, counts_from + policy.steps[0].wait, now)


@dataclass(frozen=True, slots=True)
class Tell:
    """`step` is due: these are told, and `then` is how it goes on; None where it was the last."""

    step: Standing
    receivers: tuple[str, ...]
    then: Standing | None


@dataclass(frozen=True, slots=True)
class Postpone:
    """Something mutes the warning: look again then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class End:
    """Nobody else is told."""

    why: Reason


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is true of the warning when a step is due."""

    is_open: bool
    acknowledged_at: datetime | None = None
    muted_until: datetime | None = None
    """When the silence ends that mutes it, or when to look again at the inhibition that does."""


def due(standing: Standing, policy: Escalation | None, outlook: Outlook, now: datetime) -> Tell | Postpone | End:
    """What becomes of a step that is due."""
    if policy is None:
        return End(Reason.UNCONFIGURED)
    if not outlook.is_open:
        return End(Reason.CLOSED)
    # An acknowledgement of what the warning was before this began is none of what it became.
    if outlook.acknowledged_at is not None and outlook.acknowledged_at >= standing.begun_at:
        return End(Reason.ACKNOWLEDGED)
    if outlook.muted_until is not None and outlook.muted_until > now:
        return Postpone(outlook.muted_until)
    if standing.step >= len(policy.steps):  # the policy has fewer steps than when this began
        standing = replace(standing, step=0, round=standing.round + 1)
        if standing.round > policy.repeat:
            return End(Reason.UNCONFIGURED)
    return Tell(standing, policy.steps[standing.step].receivers, following(standing, policy, now))


def following(standing: Standing, policy: Escalation, now: datetime) -> Standing | None:
    """How it goes on after the step, done `now`: each wait counts from there, also when a step came late."""
    step, turn = standing.step + 1, standing.round
    if step >= len(policy.steps):
        step, turn = 0, turn + 1
    if turn > policy.repeat:
        return None
    return replace(standing, step=step, round=turn, due_at=now + policy.steps[step].wait)


def spared(standing: Standing, policy: Escalation | None) -> Iterator[tuple[str, int]]:
    """Whom its end keeps the escalation from telling who was not told by it before, each with the first such step."""
    if policy is None or standing.round:
        return
    known = {name for step in policy.steps[: standing.step] for name in step.receivers}
    for number, step in enumerate(policy.steps[standing.step :], standing.step):
        for name in dict.fromkeys(step.receivers):
            if name not in known:
                known.add(name)
                yield name, number


def steps_of(standing: Standing, policy: Escalation) -> list[tuple[Standing, Step]]:
    """All that is still to come, each step at its time, if nobody acknowledges and nothing mutes the warning."""
    coming: list[tuple[Standing, Step]] = []
    at: Standing | None = standing
    while at is not None and at.step < len(policy.steps):  # it may have fewer steps than when this began
        coming.append((at, policy.steps[at.step]))
        at = following(at, policy, at.due_at)
    return coming
