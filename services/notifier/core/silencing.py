"""What nobody is told for a while, because somebody said so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.notifier.core.matching import Match
from shared.warnings import WarningChange


class SilenceState(StrEnum):
    """Where a silence is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody's word that changes of a kind are not to be told, from `begins_at` until just before `ends_at`."""

    id: UUID
    match: Match
    author: str
    reason: str
    begins_at: datetime
    ends_at: datetime

    def state(self, now: datetime) -> SilenceState:
        """Where it is in its life. One that was ended before it began has ended."""
        if now >= self.ends_at:
            return SilenceState.ENDED
        return SilenceState.ACTIVE if now >= self.begins_at else SilenceState.PENDING

    def is_active(self, now: datetime) -> bool:
        """Whether it holds now."""
        return self.state(now) is SilenceState.ACTIVE

    def mutes(self, change: WarningChange, now: datetime) -> bool:
        """Whether the change is not to be told now."""
        return self.is_active(now) and self.match.accepts(change)


def muting(silences: Iterable[Silence], change: WarningChange, now: datetime) -> Silence | None:
    """Of the silences that mute the change the one that ends last: until then it is not told."""
    found = [each for each in silences if each.mutes(change, now)]
    return max(found, key=lambda each: (each.ends_at, each.id), default=None)


def wake_key(silence: UUID) -> str:
    """What gatherings that a silence holds are woken by when it ends early."""
    return f"silence:{silence}"
