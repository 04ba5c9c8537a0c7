"""One run of redriving: every letter there is at its start, at most once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.ingest.redrive.letter import Letter
from services.ingest.redrive.place import Place
from shared.kafka.connection import connection, consumer
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.topics import Topics
from shared.settings import KafkaSettings

log = structlog.get_logger(__name__)

LETTERS_A_STEP = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters to send; an empty filter wants all."""

    reasons: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def __call__(self, letter: Letter) -> bool:
        reason_fits = not self.reasons or letter.reason in self.reasons
        return reason_fits and (not self.origins or letter.origin_topic in self.origins)


@dataclass(slots=True)
class Redriven:
    """What a run did, by (origin topic, reason)."""

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Not asked for."""
    unsendable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Asked for, but cannot be sent; the log says why. Not looked at again."""

    def __str__(self) -> str:
        said = {"sent again to": self.sent, "not asked for, of": self.left, "cannot be sent to": self.unsendable}
        lines = [
            f"{count} {words} {topic or 'an unknown topic'}: {reason or 'no reason told'}"
            for words, counts in said.items()
            for (topic, reason), count in sorted(counts.items())
        ]
        total = sum(each.total() for each in said.values())
        return "\n".join([*lines, f"{self.sent.total()} of {total} dead letters sent again"])


async def redrive(settings: KafkaSettings, wanted: Wanted) -> Redriven:
    """Send what is wanted. A run that is cut short is taken up by the next one; run one at a time.

    Raises NotAcknowledgedError or KafkaError where Kafka does not take or give something.
    """
    topics = Topics(settings.kafka_topic_prefix)
    producer = Producer(settings, client_id="ingest-redrive")
    reader = consumer(settings, group=topics.group("ingest-redrive", topics.dead_letters))
    await reader.start()
    try:
        run = _Run(topics, wanted, reader, producer)
        await run.through(await _places(settings, topics, reader))
        return run.done
    finally:
        await reader.stop()
        await producer.stop()


async def _places(settings: KafkaSettings, topics: Topics, reader: AIOKafkaConsumer) -> dict[TopicPartition, Place]:
    """Where the last run got to, on each partition of the dead letters."""
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topics.dead_letters])
        partitions = [TopicPartition(topics.dead_letters, each["partition"]) for each in described["partitions"]]
        reader.assign(partitions)
        await reader.committed(partitions[0])  # waits for the group's coordinator, as the admin client does not
        group = topics.group("ingest-redrive", topics.dead_letters)
        known = await admin.list_consumer_group_offsets(group, partitions=partitions)
    finally:
        await admin.close()
    first = await reader.beginning_offsets(partitions)
    places = {each: Place.read(known[each].offset, known[each].metadata) for each in partitions}
    for each, place in places.items():
        place.start = max(place.start, first[each])
    return places


class _Run:
    """The letters of each partition in order, in steps: sent, acknowledged, remembered."""

    def __init__(self, topics: Topics, wanted: Wanted, reader: AIOKafkaConsumer, producer: Producer) -> None:
        self.done = Redriven()
        self._topics = topics
        self._wanted = wanted
        self._reader = reader
        self._producer = producer

    async def through(self, places: dict[TopicPartition, Place]) -> None:
        """Up to the end there is now: a letter that comes back is for the next run."""
        ends = await self._reader.end_offsets(list(places))
        for partition, place in places.items():
            self._reader.seek(partition, place.start)
        left = {each for each, place in places.items() if place.start < ends[each]}
        while left:
            fetched = await self._reader.getmany(*left, timeout_ms=500, max_records=LETTERS_A_STEP)
            for partition, records in fetched.items():
                await self._step(places[partition], [each for each in records if each.offset < ends[partition]])
                position = min(await self._reader.position(partition), ends[partition])
                await self._reader.commit({partition: places[partition].committed(position)})
                if position == ends[partition]:
                    left.discard(partition)

    async def _step(self, place: Place, records: Sequence[ConsumerRecord]) -> None:
        """Returns once all that is sent of these is acknowledged: what `place` says may be committed then."""
        outgoing: list[tuple[Letter, Outgoing]] = []
        for letter in map(Letter.read, records):
            offset = letter.record.offset
            if place.is_done(letter.kind, offset):
                continue
            if self._wanted(letter):
                place.finish(letter.kind, offset)
                outgoing += [(letter, each) for each in self._again(letter)]
            else:
                place.leave(offset)
                self.done.left[letter.origin_topic, letter.reason] += 1
        await self._publish(outgoing)

    async def _publish(self, outgoing: Sequence[tuple[Letter, Outgoing]]) -> None:
        """Send all; what Kafka refuses for good cannot be sent, and holds up no other."""
        while outgoing:
            try:
                await self._producer.publish([each for _, each in outgoing])
            except NotAcknowledgedError as error:
                if error.refused is None:
                    raise
                acknowledged = error.acknowledged
                self._unsendable(outgoing[error.refused][0], repr(error.__cause__))
                left = [number for number, done in enumerate(acknowledged) if not done and number != error.refused]
            else:
                acknowledged, left = [True] * len(outgoing), []
            there = [letter for (letter, _), done in zip(outgoing, acknowledged, strict=True) if done]
            self.done.sent.update((each.origin_topic, each.reason) for each in there)
            outgoing = [outgoing[number] for number in left]

    def _again(self, letter: Letter) -> list[Outgoing]:
        """What to send for this letter: one record, or none."""
        try:
            outgoing = letter.again(self._topics)
        except ValueError as error:
            self._unsendable(letter, str(error))
            return []
        return [outgoing]

    def _unsendable(self, letter: Letter, why: str) -> None:
        place = {"partition": letter.record.partition, "offset": letter.record.offset}
        log.warning("redrive.unsendable", **place, detail=why)
        self.done.unsendable[letter.origin_topic, letter.reason] += 1
