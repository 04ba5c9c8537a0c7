"""What ingest counts and measures."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.events import DATA_MODELS
from shared.kafka.reading import REASONS
from shared.kafka.refusals import REFUSED_BY_BROKER
from shared.started import show_start

PRODUCE_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
REFUSALS = (
    "ahead_of_clock",
    "clock_not_allowed",
    "clock_not_taken",
    "invalid",
    "malformed",
    "misdated",
    REFUSED_BY_BROKER,
    "too_large",
    "unknown_type",
    "wrong_key",
    "wrong_source",
)
"""Why an event or a record is refused."""


class Metrics:
    """Ingest's own metrics, on one registry; all that is known of labels stands at 0 from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        show_start(registry)
        self.accepted = Counter(
            "bellwether_ingest_events_accepted", "Events every in-sync replica has", ["type"], registry=registry
        )
        self.refused = Counter(
            "bellwether_ingest_events_refused", "Events refused over HTTP, by reason", ["reason"], registry=registry
        )
        self.unknown = Counter(
            "bellwether_ingest_events_unknown", "Events whose sender was told to repeat them", registry=registry
        )
        self.produce_seconds = Histogram(
            "bellwether_ingest_produce_seconds",
            "From handing a batch of records to Kafka to its acknowledgement",
            buckets=PRODUCE_SECONDS,
            registry=registry,
        )
        self.inflight_bytes = Gauge(
            "bellwether_ingest_inflight_bytes", "Bytes of requests waiting for Kafka", registry=registry
        )
        self.records_refused = Counter(
            "bellwether_ingest_records_refused",
            "Records that Kafka refuses for good, one count each attempt",
            registry=registry,
        )
        self.inbound = Counter(
            "bellwether_ingest_inbound_records",
            "Records of events.inbound dealt with: accepted, or the reason of the dead letter",
            ["outcome"],
            registry=registry,
        )
        for event_type in DATA_MODELS:
            self.accepted.labels(event_type)
        for reason in REFUSALS:
            self.refused.labels(reason)
        for outcome in ("accepted", *REFUSALS, *REASONS):
            self.inbound.labels(outcome)
