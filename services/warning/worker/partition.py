"""A partition this worker owns."""

from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from services.warning.store.commit import Progress
from services.warning.store.ownership import Held
from services.warning.worker.cache import Cache


@dataclass(slots=True, eq=False)
class Partition:
    """Where it stands in memory: ahead of its stored row by the batches decided but not yet committed."""

    number: int
    epoch: int
    version: int
    next_offset: int
    clock: int
    outbox_seq: int
    cache: Cache
    commit_id: UUID | None = None
    """Of the last commit known to have succeeded."""
    clock_accepted_ms: int = 0
    """When the newest clock record was accepted, by the broker's clock."""
    sweeping: bool = True
    """Some due time may have come; true at first, for what came due while nobody owned the partition."""
    due: deque[str] = field(default_factory=deque)
    """Borrowers whose due time has come, still to be fired."""
    stopped: str | None = None
    """Why it is stopped: an event of a type this service does not know."""
    deleted: int = 0
    """The outbox rows up to here are published and deleted."""

    @classmethod
    def of(cls, held: Held, cache: Cache) -> "Partition":
        """As its stored row says."""
        row = held.progress
        return cls(
            row.partition, row.epoch, row.version, row.next_offset, row.clock, row.outbox_seq, cache, held.commit_id
        )

    def progress(self) -> Progress:
        """The row to write: as it will be, under the version it has once all earlier batches are in."""
        return Progress(self.number, self.epoch, self.version, self.next_offset, self.clock, self.outbox_seq)
