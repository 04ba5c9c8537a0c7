"""One fetch from topic events.inbound, sorted into events and dead letters."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from aiokafka import ConsumerRecord

from services.ingest.admission import Gate
from services.ingest.inbound.record import check_key, structured
from services.ingest.lane import Share
from services.ingest.refusals import RefusedError, refused_by_broker
from shared.events import Accepted
from shared.kafka.dead_letters import of_record
from shared.kafka.member import Records, each_of
from shared.kafka.producer import Outgoing
from shared.kafka.reading import UnreadableError, judged

Place = Callable[[str], tuple[int, bytes]]


@dataclass(slots=True)
class Batch:
    """What a fetch becomes. Once it is complete, the fetch may be committed."""

    shares: dict[int, Share] = field(default_factory=dict)
    """Accepted events by partition of topic events, each in the order of the inbound partition it came from."""
    taken: dict[int, list[tuple[ConsumerRecord, str]]] = field(default_factory=dict)
    """The records behind the shares, each with its event's type."""
    letters: list[Outgoing] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    """How many events of each type are accepted."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How many records are dead letters for each reason."""

    @property
    def complete(self) -> bool:
        return not self.letters and all(share.complete for share in self.shares.values())

    def give_up(self, dead_letters: str) -> None:
        """Make dead letters of the accepted events that Kafka refused for good."""
        for number, share in self.shares.items():
            for place, why in share.refused.items():
                record, event_type = self.taken[number][place]
                self.add_letter(record, refused_by_broker(why), dead_letters)
                self.types[event_type] -= 1
            share.refused = {}

    def add_letter(self, record: ConsumerRecord, error: RefusedError | UnreadableError, dead_letters: str) -> None:
        """This record is no event."""
        letter = of_record(dead_letters, record, service="ingest", reason=error.reason, detail=str(error))
        self.letters.append(letter)
        self.reasons[error.reason] += 1

    def retry(self) -> None:
        """Get ready to send again what is not acknowledged, and nothing that is."""
        self.taken = {number: self.taken[number][share.acknowledged :] for number, share in self.shares.items()}
        self.shares = {number: share.rest() for number, share in self.shares.items() if not share.complete}


def sort(records: Records, gate: Gate, place: Place, dead_letters: str) -> Batch:
    """Admit each record; `place` says where an event goes, `dead_letters` is the topic for the others."""
    batch = Batch()
    admit = partial(_admit, gate)
    for record in each_of(records):
        try:
            event, value = judged(record, admit, RefusedError)
        except (RefusedError, UnreadableError) as error:
            batch.add_letter(record, error, dead_letters)
            continue
        partition, key = place(event.subject)
        batch.shares.setdefault(partition, Share()).records.append((key, value))
        batch.taken.setdefault(partition, []).append((record, event.type))
        batch.types[event.type] += 1
    return batch


def _admit(gate: Gate, record: ConsumerRecord) -> Accepted:
    accepted = gate.admit(structured(record.value, record.headers))
    check_key(record.key, accepted.event.subject)
    return accepted
