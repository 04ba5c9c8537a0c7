"""Publishes committed letters, each partition's in order."""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from services.warning.metrics import Metrics
from services.warning.store.commit import Letter
from services.warning.worker.letters import refused_letter
from services.warning.worker.partition import Partition
from shared.kafka.letterbox import LetterRoom
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.refusals import REFUSED_BY_BROKER

log = structlog.get_logger(__name__)

LETTERS_A_TURN = 2_000
RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
"""A broker that restarts is back by then."""
FULL = 10_000
"""So many letters waiting and the partition is paused until the broker catches up."""


class Outbox:
    """Letters of the owned partitions. What is on its topic is noted, for a later commit to delete."""

    def __init__(self, producer: Producer, dead_letters: str, metrics: Metrics) -> None:
        self._producer = producer
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._room = LetterRoom()
        self._failing: tuple[float, str] | None = None
        self._waiting: dict[int, deque[Letter]] = {}
        self._arrived = asyncio.Event()
        self._published: dict[int, int] = {}

    def take(self, partition: int, left: Sequence[Letter]) -> None:
        """Own a partition: what an earlier owner left goes first."""
        self._waiting[partition] = deque(left)
        self._published.pop(partition, None)
        self._arrived.set()

    def drop(self, partition: int) -> None:
        """Another owner publishes these now."""
        self._waiting.pop(partition, None)
        self._published.pop(partition, None)

    def add(self, letters: Sequence[Letter]) -> None:
        """Letters of a transaction that has committed."""
        for letter in letters:
            if letter.partition in self._waiting:
                self._waiting[letter.partition].append(letter)
        self._arrived.set()
        self._count()

    def waiting(self, partition: int) -> int:
        """How many of a partition's letters are not published yet."""
        return len(self._waiting.get(partition, ()))

    def published_up_to(self, partition: Partition) -> int:
        """The newest sequence number that is on its topic with all before it; 0 where none is known to be."""
        return self._published.get(partition.number, 0)

    def check(self) -> None:
        """Raises ConnectionError once nothing has reached its topic for PATIENCE_SECONDS although something waits."""
        if self._failing is not None and not self.empty and _now() - self._failing[0] >= PATIENCE_SECONDS:
            raise ConnectionError(f"nothing was published for {PATIENCE_SECONDS:g} s: {self._failing[1]}")

    @property
    def empty(self) -> bool:
        """Nothing waits."""
        return not any(self._waiting.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`, then what is left."""
        while not stop.is_set() or not self.empty:
            if self.empty:
                self._arrived.clear()
                if not stop.is_set():
                    await _first(self._arrived, stop)
                continue
            if not await self._publish_what_waits():
                await asyncio.sleep(RETRY_SECONDS)

    async def _publish_what_waits(self) -> bool:
        """Whether all of one turn's letters are on their topics now."""
        turn = [(number, list(letters)[:LETTERS_A_TURN]) for number, letters in self._waiting.items() if letters]
        letters = [letter for _, part in turn for letter in part]
        try:
            await self._producer.publish([self._outgoing(letter) for letter in letters])
        except NotAcknowledgedError as error:
            log.warning("warning.outbox.not_acknowledged", error=str(error))
            self._note(letters, error.acknowledged)
            if error.refused is not None:
                self._give_up(letters[error.refused], error.__cause__)
            began = self._failing[0] if self._failing and not any(error.acknowledged) else _now()
            self._failing = began, str(error)
            return False
        self._note(letters, [True] * len(letters))
        self._failing = None
        return True

    def _outgoing(self, letter: Letter) -> Outgoing:
        outgoing = Outgoing(letter.topic, letter.key, letter.value, letter.headers)
        return self._room.fit(outgoing) if letter.topic == self._dead_letters else outgoing

    def _give_up(self, letter: Letter, why: BaseException | None) -> None:
        """What Kafka refuses for good goes to the dead letters in its place; a dead letter goes again, smaller.

        Its row is deleted once that is there: after a crash it is refused again, and becomes the same letter.
        """
        self._metrics.records_refused.inc()
        refused = Outgoing(letter.topic, letter.key, letter.value, letter.headers)
        if letter.topic == self._dead_letters:
            self._room.learn(refused, why)
            return
        place_in = {"topic": letter.topic, "partition": letter.partition, "seq": letter.seq}
        log.error("warning.outbox.refused", **place_in, error=repr(why))
        instead = refused_letter(self._dead_letters, refused, why)
        queue = self._waiting.get(letter.partition, deque())
        for place, each in enumerate(queue):
            if each is letter:
                queue[place] = letter._replace(
                    topic=instead.topic, key=instead.key, value=instead.value, headers=list(instead.headers)
                )
                self._metrics.dead_letters.labels(REFUSED_BY_BROKER).inc()

    def _note(self, letters: list[Letter], acknowledged: list[bool]) -> None:
        """Take off each partition's queue what was acknowledged, up to its first letter that was not."""
        blocked: set[int] = set()
        for letter, done in zip(letters, acknowledged, strict=True):
            queue = self._waiting.get(letter.partition)
            if not done or letter.partition in blocked or not queue or queue[0] is not letter:
                blocked.add(letter.partition)
                continue
            queue.popleft()
            self._published[letter.partition] = letter.seq
        self._count()

    def _count(self) -> None:
        self._metrics.outbox_rows.set(sum(map(len, self._waiting.values())))


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(each.wait()) for each in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
