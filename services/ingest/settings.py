"""What can be set of ingest, each from the environment variable of its name in capitals."""

from typing import Literal

from pydantic import Field

from shared.events import ORDINARY
from shared.settings import ClockSettings, HttpSettings, KafkaSettings

MEBIBYTE = 1_048_576


class IngestSettings(HttpSettings, KafkaSettings, ClockSettings):
    """The ingest service."""

    ingest_future_limit_seconds: int = Field(
        default=600,
        ge=0,
        description="An event further ahead of this machine's clock is refused; 0 takes any, for history",
    )
    ingest_value_date_limit_days: int = Field(
        default=ORDINARY.value_days,
        ge=1,
        description="A value date (also as_of, closed_on) further after its event's own time is refused",
    )
    ingest_period_limit_days: int = Field(
        default=ORDINARY.period_days,
        ge=1,
        description="A reported month that begins further after its event's own time is refused",
    )
    ingest_batch_events: int = Field(default=1_000, ge=1, description="Events a batch may hold")
    ingest_batch_bytes: int = Field(default=MEBIBYTE, ge=1, description="Bytes a batch's body may hold")
    ingest_inflight_bytes: int = Field(
        default=64 * MEBIBYTE,
        ge=1,
        description="Bytes of requests that may wait for Kafka; a request beyond them gets 503",
    )
    ingest_answer_seconds: float = Field(
        default=8.0, gt=0, description="Time Kafka has to acknowledge; past it an event's verdict is unknown"
    )
    ingest_inbound: Literal["on", "off"] = Field(default="on", description="Whether to consume topic events.inbound")
