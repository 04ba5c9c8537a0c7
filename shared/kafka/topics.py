"""The topics, how long they keep what they hold, and how they are made."""

from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.kafka.connection import connection
from shared.settings import KafkaSettings

FOR_EVER, TWO_WEEKS_MS = "-1", str(14 * 24 * 3600 * 1000)
MAX_RECORD_BYTES = 1_000_000
"""A record's limit on every topic, a little under Kafka's own default."""
_MAX_BATCH_BYTES = 1_048_576
MAX_LETTER_BYTES = _MAX_BATCH_BYTES + 16_384
"""A dead letter's limit: the largest record another topic takes, and where it came from and why."""
STAMPED_BY_THE_BROKER = {"message.timestamp.type": "LogAppendTime"}
"""On topic events: whose clock was wrong, a sender's, ingest's or a worker's, shows beside each record."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of the topics, with the deployment's prefix."""

    prefix: str = ""

    @property
    def events(self) -> str:
        return f"{self.prefix}events"

    @property
    def inbound(self) -> str:
        return f"{self.prefix}events.inbound"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}events.dead-letter"

    @property
    def warnings(self) -> str:
        return f"{self.prefix}warnings"

    @property
    def acknowledgements(self) -> str:
        return f"{self.prefix}acknowledgements"

    def group(self, service: str, topic: str) -> str:
        """The consumer group of one service on one topic: two topics never share a group."""
        return f"{self.prefix}{service}.{topic.removeprefix(self.prefix)}"

    def retention(self) -> dict[str, str]:
        """Each topic's retention.ms. `events` is the record all else can be rebuilt from."""
        return {
            self.events: FOR_EVER,
            self.inbound: TWO_WEEKS_MS,
            self.dead_letters: FOR_EVER,
            self.warnings: TWO_WEEKS_MS,
            self.acknowledgements: TWO_WEEKS_MS,
        }


async def create_topics(settings: KafkaSettings, *, partitions: int, replication: int) -> list[str]:
    """Create the topics that are missing and name them. Raises what the broker refused with."""
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        topics = Topics(settings.kafka_topic_prefix)
        wanted = [
            NewTopic(name, partitions, replication, topic_configs=_configs(retention, replication, limit) | stamped)
            for name, retention in topics.retention().items()
            for limit in [MAX_LETTER_BYTES if name == topics.dead_letters else _MAX_BATCH_BYTES]
            for stamped in [STAMPED_BY_THE_BROKER if name == topics.events else {}]
        ]
        answer = await admin.create_topics(wanted)
    finally:
        await admin.close()
    created = []
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code == 0:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise error(f"topic {name}: {message}")
    return created


def _configs(retention_ms: str, replication: int, limit: int) -> dict[str, str]:
    return {
        "retention.ms": retention_ms,
        "max.message.bytes": str(limit),
        "min.insync.replicas": str(max(1, replication - 1)),
    }
