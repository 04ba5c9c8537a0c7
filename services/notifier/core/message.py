"""What one receiver is told of one change, before a channel words it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.warnings import WarningChange

_RECEIVER_NAMES = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:delivery")


def delivery_id(change_id: UUID, receiver: str) -> UUID:
    """The same change to the same receiver has the same id for ever, so that whoever gets it twice can tell."""
    return uuid5(_RECEIVER_NAMES, f"{change_id} {receiver}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as a channel gets it. All but `sent_at` and `attempt` is the same in every attempt."""

    id: UUID
    change: WarningChange
    data: bytes
    """The change as published, JSON, with the fields this version does not know."""
    created_at: datetime
    sent_at: datetime
    attempt: int = 1

    @property
    def type(self) -> str:
        """The CloudEvents type of the change, such as `warning.raised`."""
        return f"warning.{self.change.kind}"
