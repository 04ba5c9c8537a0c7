"""A partition this worker owns."""

from dataclasses import dataclass, field

from services.warning.store.commit import Progress
from services.warning.worker.cache import Cache


@dataclass(slots=True)
class Partition:
    """Where it stands in memory: ahead of its stored row by the batches decided but not yet committed."""

    number: int
    epoch: int
    version: int
    next_offset: int
    clock: int
    outbox_seq: int
    cache: Cache
    sweeping: bool = True
    """Some due time may have come; true at first, for what came due while nobody owned the partition."""
    stopped: str | None = None
    """Why it is stopped: an event of a type this service does not know."""
    poison: dict[int, str] = field(default_factory=dict)
    """Offsets on which deciding failed, with the error."""
    sent: int = 0
    """The outbox is published up to here."""
    deleted: int = 0
    """The published rows are deleted up to here."""

    def progress(self) -> Progress:
        """The row to write: as it will be, under the version it has once all earlier batches are in."""
        return Progress(self.number, self.epoch, self.version, self.next_offset, self.clock, self.outbox_seq)
