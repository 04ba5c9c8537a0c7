"""How a Kafka topic is configured: its cluster need not be the one Bellwether works on."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.notifier.channels.secret import Secret
from services.notifier.channels.settings import Audience, ReceiverSettings
from services.notifier.core.durations import Duration, parse_duration
from shared.kafka.topics import Topics
from shared.settings import Brokers, KafkaSettings

_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_OWN = frozenset(Topics().retention())


def _topic(name: str) -> str:
    if not _TOPIC.fullmatch(name) or name in (".", ".."):
        raise ValueError("expected a topic's name of letters, digits, dots, hyphens and underscores")
    if name in _OWN:
        raise ValueError(f"expected a topic of the receiver's own; {name} is one of Bellwether's")
    return name


class KafkaReceiverSettings(ReceiverSettings):
    """A topic, and how its cluster is reached. Nothing is taken from the notifier's own Kafka settings."""

    one_by_one = True

    channel: Literal["kafka"]
    audience: Audience = Audience.SYSTEMS
    bootstrap: Brokers = Field(description="host:port of one or more brokers, comma-separated")
    topic: Annotated[str, AfterValidator(_topic)]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password: Secret | None = None
    ca_file: str | None = Field(default=None, description="PEM file that vouches for it; the system's if unset")
    timeout: Duration = Field(default=parse_duration("15s"), description="For one message, connecting included")

    @model_validator(mode="after")
    def _signs_in_whole(self) -> Self:
        signs_in = self.security_protocol.startswith("SASL")
        if (self.username is not None, self.password is not None) != (signs_in, signs_in):
            raise ValueError("expected `username` and `password` with a SASL security_protocol, and neither without")
        return self

    def cluster(self) -> KafkaSettings:
        """The cluster. Every field is named here: what is not would be read from the notifier's own environment."""
        return KafkaSettings(
            kafka_bootstrap=self.bootstrap,
            kafka_topic_prefix="",
            kafka_security_protocol=self.security_protocol,
            kafka_sasl_mechanism=self.sasl_mechanism,
            kafka_username=self.username,
            kafka_password=self.password,
            kafka_ca_file=self.ca_file,
        )
