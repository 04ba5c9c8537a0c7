"""What became of people's letters: one that told of several warnings, one warning handed up and answered for, one over.

Everything is found in what receivers were sent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from uuid import UUID

from deploy.local.demo.chief import Press
from deploy.local.demo.deliveries import Deliveries, Letter
from deploy.local.demo.people import (
    BOARD,
    BOARD_AFTER,
    CHIEF,
    CHIEF_AFTER,
    FOR_OFFICERS,
    GROUP_INTERVAL,
    GROUP_WAIT,
    HANDED_UP,
    OFFICERS,
)
from services.notifier.core.matching import reached_level
from services.notifier.core.message import Purpose
from shared.warnings import Kind, Level, WarningChange

WORSE = frozenset({Kind.RAISED, Kind.ESCALATED})
OVER = frozenset({Kind.CLEARED, Kind.WITHDRAWN})
_RANK = {level: rank for rank, level in enumerate(Level)}
SLACK_SECONDS = 1.0
"""What is due is looked for twice a second, and then sent."""
GATHERED_WITHIN = GROUP_WAIT + GROUP_INTERVAL + SLACK_SECONDS
ANSWERED_WITHIN = GATHERED_WITHIN + CHIEF_AFTER + BOARD_AFTER + SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class Told:
    """One receiver hears of one change."""

    letter: Letter
    change: WarningChange


@dataclass(frozen=True, slots=True)
class Answered:
    """A warning that was handed up and then answered for. `officers` is when and of what they heard before."""

    officers: Sequence[Told]
    chief: Told
    pressed_at: float
    acknowledgement: WarningChange
    acknowledged_at: float
    officers_know_at: float | None
    board_after: float | None
    """When the board was told all the same; None where it was not, as it should be."""
    anew: WarningChange | None
    """What it became since, which nobody has answered for: it is handed up again."""
    anew_at: float

    @property
    def board_due_at(self) -> float:
        """Until then it may be that the board is only not told yet."""
        return self.chief.letter.at + BOARD_AFTER + SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class Recovered:
    """A warning that people were told of, and then of its end: `raised` and `over` by receiver."""

    raised: Mapping[str, Told]
    over: Mapping[str, Told]


@dataclass(frozen=True, slots=True)
class Stories:
    """Those that happened."""

    grouped: Letter | None
    answered: Answered | None
    recovered: Recovered | None


def stories(deliveries: Deliveries, pressed: Press | None) -> Stories:
    """The best of each kind so far."""
    told = _by_warning(deliveries)
    answered = _answered(deliveries, told, pressed)
    apart = answered.chief.change.warning_id if answered else None
    return Stories(_grouped(deliveries), answered, _recovered(told, apart))


def to_come(found: Stories, deliveries: Deliveries, *, settled_at: float, now: float) -> bool:
    """Whether a story is still to come, `settled_at` being when the last change was delivered to the system."""
    newest = {each.warning_id: each for each in deliveries.changes}
    gathering = (found.grouped is None or found.recovered is None) and _unheard(deliveries, newest)
    if found.answered is not None:
        answering = now < found.answered.board_due_at or found.answered.officers_know_at is None
    else:
        answering = any(each.level in HANDED_UP for each in newest.values())
    patience = now - settled_at
    return (gathering and patience < GATHERED_WITHIN) or (answering and patience < ANSWERED_WITHIN)


def _unheard(deliveries: Deliveries, newest: Mapping[UUID, WarningChange]) -> bool:
    """Whether officers are still to hear of a warning that concerns them."""
    heard = _heard(deliveries, OFFICERS)
    theirs = {each.warning_id for each in deliveries.changes if reached_level(each) in FOR_OFFICERS}
    return any(newest[warning].change_id not in heard for warning in theirs)


def worth_asking_about(found: Stories, deliveries: Deliveries) -> UUID | None:
    """A warning of which officers were told, if there is one, with something to say in few words.

    Rather one that also has a change of which they were not told, and one that was handed up; of those that which was
    answered for, or else the shortest.
    """
    heard, chief = _heard(deliveries, OFFICERS), _heard(deliveries, CHIEF)
    told, handed_up = (
        {deliveries.known[each].warning_id for each in ids if each in deliveries.known} for ids in (heard, chief)
    )
    answered = found.answered.chief.change.warning_id if found.answered else None
    changes = Counter(each.warning_id for each in deliveries.changes)
    unheard = {
        each.warning_id
        for each in deliveries.changes
        if reached_level(each) in FOR_OFFICERS and each.change_id not in heard
    }
    return max(
        told,
        key=lambda each: (each in unheard, each in handed_up, each == answered, -changes[each], each),
        default=None,
    )


def _heard(deliveries: Deliveries, receiver: str) -> frozenset[UUID]:
    """The changes that somebody was told of."""
    return frozenset(
        change for letter in deliveries.letters if letter.receiver == receiver for change in letter.changes
    )


def _by_warning(deliveries: Deliveries) -> Mapping[UUID, Sequence[Told]]:
    """All that people heard of each warning, in order. What the system has not been told of yet is left out."""
    found: defaultdict[UUID, list[Told]] = defaultdict(list)
    for letter in deliveries.letters:
        for change in (deliveries.known[each] for each in letter.changes if each in deliveries.known):
            found[change.warning_id].append(Told(letter, change))
    return found


def _grouped(deliveries: Deliveries) -> Letter | None:
    """The letter that tells of most that grew worse, and of most."""
    several = [each for each in deliveries.letters if each.purpose is Purpose.GROUP and each.total > 1]
    complete = [each for each in several if all(change in deliveries.known for change in each.changes)]
    return max(complete, key=lambda each: (_worse(each, deliveries), each.total), default=None)


def _worse(letter: Letter, deliveries: Deliveries) -> int:
    return sum(deliveries.known[each].kind in WORSE for each in letter.changes)


def _answered(
    deliveries: Deliveries, by_warning: Mapping[UUID, Sequence[Told]], pressed: Press | None
) -> Answered | None:
    if pressed is None or pressed.letter.changes[0] not in deliveries.known:
        return None
    chief = Told(pressed.letter, deliveries.known[pressed.letter.changes[0]])
    acknowledgement = deliveries.acknowledged.get(chief.change.warning_id)
    if acknowledgement is None:
        return None
    told = by_warning[chief.change.warning_id]
    acknowledged_at = deliveries.at[acknowledgement.change_id]
    anew = _anew(deliveries, acknowledgement)
    anew_at = deliveries.at[anew.change_id] if anew is not None else inf
    board = (each.letter.at for each in told if each.letter.receiver == BOARD and each.letter.at < anew_at)
    return Answered(
        [*_first_told(told, chief)],
        chief,
        pressed.at,
        acknowledgement,
        acknowledged_at,
        next((each.letter.at for each in told if each.change.kind is Kind.ACKNOWLEDGED), None),
        next(board, None),
        anew,
        anew_at,
    )


def _anew(deliveries: Deliveries, acknowledgement: WarningChange) -> WarningChange | None:
    """What the warning grew worse to, to be handed up, once somebody had answered for what it was."""
    return next(
        (
            each
            for each in deliveries.changes
            if each.warning_id == acknowledgement.warning_id
            and each.kind in WORSE
            and each.level in HANDED_UP
            and deliveries.at[each.change_id] > deliveries.at[acknowledgement.change_id]
        ),
        None,
    )


def _first_told(told: Sequence[Told], chief: Told) -> Iterator[Told]:
    """What officers heard of it as a matter for the chief, before the chief did."""
    for each in told:
        if each.letter is chief.letter:
            return
        if each.letter.receiver == OFFICERS and each.change.level in HANDED_UP:
            yield each


def _recovered(by_warning: Mapping[UUID, Sequence[Told]], apart: UUID | None) -> Recovered | None:
    """The weightiest that ended for those who had been told of it, and if there is another, not that `apart`."""
    found = [
        (warning != apart, len(each.raised), max(_RANK[told.change.severity] for told in each.raised.values()), each)
        for warning, told in by_warning.items()
        if (each := _recovery(told)) is not None
    ]
    return max(found, key=lambda each: each[:3])[3] if found else None


def _recovery(told: Sequence[Told]) -> Recovered | None:
    """The last that each receiver heard of its getting worse, and of its end. None unless they are the same ones."""
    raised = {each.letter.receiver: each for each in told if each.change.kind in WORSE}
    over = {each.letter.receiver: each for each in told if each.change.kind in OVER}
    return Recovered(raised, over) if over and raised.keys() == over.keys() else None
