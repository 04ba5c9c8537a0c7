"""What one receiver is told at once: mostly one change, before a channel words it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from services.notifier.core.contact import Contact
from shared.warnings import WarningChange

_RECEIVER_NAMES = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:delivery")

LATE = timedelta(hours=1)
"""A message that goes out so long after it was made says so: by then the picture may have changed."""


class Purpose(StrEnum):
    """Why a message is sent."""

    CHANGE = "change"
    GROUP = "group"
    """Several warnings that have something in common."""
    REPEAT = "repeat"
    """Told before, still open, and nobody has acknowledged it."""
    DIGEST = "digest"
    STORM = "storm"
    """So many that they are summed up."""
    ESCALATION = "escalation"
    """Those who were told first have not acknowledged it."""
    FALLBACK = "fallback"
    """Another receiver could not be reached."""
    HEARTBEAT = "heartbeat"
    """Nothing has happened: it proves that the path works."""
    TEST = "test"


def delivery_id(change_id: UUID, receiver: str) -> UUID:
    """The same change to the same receiver has the same id for ever, so that whoever gets it twice can tell."""
    return uuid5(_RECEIVER_NAMES, f"{change_id} {receiver}")


def fallback_id(first: UUID, receiver: str) -> UUID:
    """The id of what is sent to a fallback in place of the delivery `first`."""
    return uuid5(_RECEIVER_NAMES, f"fallback {first} {receiver}")


def heartbeat_id(receiver: str, slot: datetime) -> UUID:
    """The id of the one heartbeat of a receiver that is due at `slot`."""
    return uuid5(_RECEIVER_NAMES, f"heartbeat {receiver} {slot.isoformat()}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as a channel gets it. All but `sent_at`, `attempt` and `recipient` is the same in every attempt.

    So is the link, while there is one: once somebody has answered, attempts go without it.
    """

    id: UUID
    change: WarningChange
    """What leads the message: the change, or of several the most serious one."""
    data: bytes
    """The change as published, JSON, with the fields this version does not know."""
    created_at: datetime
    sent_at: datetime
    attempt: int = 1
    purpose: Purpose = Purpose.CHANGE
    others: tuple[WarningChange, ...] = ()
    """The newest changes of the other warnings told along, the most serious first."""
    total: int = 1
    """How many warnings the message speaks of; more than it holds where they were too many."""
    common: Mapping[str, str] = field(default_factory=dict)
    """What a group has in common, such as `{"branch": "Kano"}`."""
    acknowledge_url: str | None = None
    """Where whoever reads it can say with one click that they answer for the warning."""
    recipient: Contact | None = None
    """The borrower it goes to, for receivers whose audience is the borrower."""

    @property
    def type(self) -> str:
        """The CloudEvents type: that of the change, such as `warning.raised`, or `warnings.digest` for several."""
        if self.purpose in (Purpose.HEARTBEAT, Purpose.TEST):
            return f"notifier.{self.purpose}"
        return f"warning.{self.change.kind}" if self.total == 1 else f"warnings.{self.purpose}"

    @property
    def changes(self) -> tuple[WarningChange, ...]:
        """All the changes it holds, the leading one first."""
        return (self.change, *self.others)

    @property
    def is_late(self) -> bool:
        """It goes out so long after it was made that it has to say so."""
        return self.sent_at - self.created_at > LATE
