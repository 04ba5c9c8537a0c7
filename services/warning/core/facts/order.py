"""Of several words on one thing the last holds: the order is (time, source, id), as engine.md 9 promises.

A nightly file stamps everything alike, so ties are common, and what decides them must be something its sender knows.
"""

from typing import Protocol

from services.warning.core.calendar import DAY, EPOCH_DAY
from services.warning.core.facts.family import LATENESS_DAYS
from services.warning.core.records import Event

TIES_KEPT = 2 * LATENESS_DAYS * DAY
"""No event of a word's own time arrives after the lateness bound, so that its key need not be kept for longer."""


class Word(Protocol):
    """What was said last of one thing."""

    time: int
    key: str
    """(source, id) of its event as `Event.key` has it; empty once it is too old for a tie."""


def is_later(event: Event, known: Word) -> bool:
    """Whether an event's word comes after the one that is known."""
    return event.time > known.time or (event.time == known.time and event.key > known.key)


def forget_key(word: Word, day: int) -> None:
    """Drop the key of a word that no other can tie with from that day on: it is most of what the word weighs."""
    if word.key and word.time + TIES_KEPT < (day - EPOCH_DAY) * DAY:
        word.key = ""
