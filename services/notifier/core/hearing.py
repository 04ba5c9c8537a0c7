"""Whether somebody hears of an end: only who has heard of the warning, and everybody who may have."""

from collections.abc import Iterable
from enum import Enum, auto

from services.notifier.core.message import Purpose
from shared.warnings import Kind, WarningChange

ENDS = frozenset({Kind.CLEARED, Kind.WITHDRAWN})


class Heard(Enum):
    """What came of the earlier messages to a receiver that spoke of a warning, those that stood in for others' too."""

    NONE = auto()
    """There was none, or it is not remembered any more."""
    LOST = auto()
    """Each was refused, given up or taken back, and certainly did not arrive."""
    PERHAPS = auto()
    """One arrived, or nobody knows whether it did."""


def heard_of(reached: Iterable[bool]) -> Heard:
    """What earlier messages come to, each by whether it may have arrived."""
    found = set(reached)
    return Heard.NONE if not found else Heard.PERHAPS if True in found else Heard.LOST


def hears_of_end(heard: Heard, purpose: Purpose) -> bool:
    """Whether a message may say to its receiver that a warning is over.

    Where there was no earlier message it was planned so: a route asks for ends by their kind. What stands in for
    another receiver's was not planned for this one.
    """
    return heard is Heard.PERHAPS or (heard is Heard.NONE and purpose is not Purpose.FALLBACK)


def is_end(change: WarningChange) -> bool:
    """Whether the warning is over. One that eased is not: what is still open is told as it is now."""
    return change.kind in ENDS
