"""What the warning service counts."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.warning.core.changes import Change
from shared.kafka.lag import Lag
from shared.kafka.reading import REASONS
from shared.kafka.refusals import REFUSED_BY_BROKER

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One set of series in the registry it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        prefix = "bellwether_warning_"
        self.events = Counter(
            f"{prefix}events_total",
            "Events read, by type and what became of them",
            ["type", "outcome"],
            registry=registry,
        )
        self.changes = Counter(
            f"{prefix}changes_total",
            "Warning changes, by rule, level and kind",
            ["rule", "level", "kind"],
            registry=registry,
        )
        self.dead_letters = Counter(
            f"{prefix}dead_letters_total", "Records given up, by reason", ["reason"], registry=registry
        )
        for reason in (*REASONS, REFUSED_BY_BROKER):
            self.dead_letters.labels(reason)
        self.records_refused = Counter(
            f"{prefix}records_refused_total", "Records that Kafka refuses for good, each attempt", registry=registry
        )
        self.acknowledgements = Counter(
            f"{prefix}acknowledgements_total",
            "Acknowledgements off their topic: recorded, or known before",
            ["outcome"],
            registry=registry,
        )
        self.decide_seconds = Histogram(
            f"{prefix}decide_seconds", "Deciding one batch", buckets=FAST, registry=registry
        )
        self.commit_seconds = Histogram(
            f"{prefix}commit_seconds", "Committing one batch", buckets=FAST, registry=registry
        )
        self.timers_fired = Counter(f"{prefix}timers_fired_total", "Due times fired", registry=registry)
        self.timers_parked = Counter(
            f"{prefix}timers_parked_total", "Due times set aside because they failed", registry=registry
        )
        self.outbox_rows = Gauge(f"{prefix}outbox_rows", "Committed letters not yet on their topic", registry=registry)
        self.cache_borrowers = Gauge(f"{prefix}cache_borrowers", "Borrowers held in memory", registry=registry)
        self.partitions = Gauge(f"{prefix}partitions_owned", "Partitions this replica owns", registry=registry)
        self.stopped_partitions = Gauge(
            f"{prefix}partitions_stopped", "Partitions stopped at an event of unknown type", registry=registry
        )
        self.fenced = Counter(
            f"{prefix}fenced_total", "Commits refused because the partition had another owner", registry=registry
        )
        self.clock_difference = Gauge(
            f"{prefix}clock_difference_seconds", "This machine's clock less PostgreSQL's", registry=registry
        )
        self.clock_step = Gauge(
            f"{prefix}clock_step_seconds", "Jump of this machine's clock that is not believed yet", registry=registry
        )
        self.clock_refused = Counter(
            f"{prefix}clock_refused_total",
            "Looks at the clock, one a second, at which it and PostgreSQL's disagreed: no due time comes",
            registry=registry,
        )
        self.lag = Lag("warning", registry)

    def count(self, outcomes: Tally[tuple[str, str]], changes: list[Change], reasons: Tally[str]) -> None:
        """Add a committed batch: (event type, outcome), changes, and why records were given up."""
        for (event_type, outcome), count in outcomes.items():
            self.events.labels(event_type, outcome).inc(count)
        for each in changes:
            self.changes.labels(each.rule, each.level or each.previous_level, each.kind).inc()
        for reason, count in reasons.items():
            self.dead_letters.labels(reason).inc(count)
