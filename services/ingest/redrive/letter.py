"""A dead letter, read back: where it goes, or why it cannot."""

from collections.abc import Container
from dataclasses import dataclass

from aiokafka import ConsumerRecord

from shared.kafka.dead_letters import is_whole, original
from shared.kafka.fitting import PREFIX
from shared.kafka.producer import Outgoing, size_of
from shared.kafka.reading import UnreadableRecord
from shared.kafka.topics import MAX_RECORD_BYTES, Topics

_TOLD = ("origin_topic", "origin_partition", "origin_offset", "reason")


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter."""

    record: ConsumerRecord
    whole: bool
    origin_topic: str
    origin_partition: str
    origin_offset: str
    reason: str
    fault: str = ""
    """Why nobody can read it."""

    @classmethod
    def read(cls, record: ConsumerRecord) -> "Letter":
        """Whatever the record holds; what it does not say is empty."""
        headers = {name: value or b"" for name, value in record.headers}
        topic, partition, offset, reason = (
            headers.get(f"{PREFIX}{name}", b"").decode(errors="replace") for name in _TOLD
        )
        fault = record.detail if isinstance(record, UnreadableRecord) else ""
        return cls(record, is_whole(record.headers), topic, partition, offset, reason, fault)

    @property
    def kind(self) -> str:
        """Origin and reason."""
        return f"{self.origin_topic} {self.reason}"

    def again(self, topics: Topics) -> Outgoing:
        """The record as it first was. Raises ValueError where it cannot be sent.

        One of events.inbound goes to the partition it was on, any other to its key's: `wrong_partition` is a reason.
        """
        if self.fault:
            raise ValueError(self.fault)
        self._check(topics.retention())
        record = self.record
        first = original(Outgoing(record.topic, record.key, record.value, record.headers), self.origin_topic)
        if (size := size_of(first)) > MAX_RECORD_BYTES:
            raise ValueError(f"expected a record of at most {MAX_RECORD_BYTES} bytes, got {size}")
        if self.origin_topic != topics.inbound or not self.origin_partition.isdecimal():
            return first
        return Outgoing(first.topic, first.key, first.value, first.headers, int(self.origin_partition))

    def _check(self, known: Container[str]) -> None:
        if self.origin_topic not in known:
            raise ValueError(f"expected a topic of this deployment as its origin, got {self.origin_topic!r}")
        if not self.whole:
            place = f"{self.origin_topic} {self.origin_partition} at {self.origin_offset}"
            raise ValueError(f"expected the whole record; the letter has a part of it, and it stands at {place}")
