"""What the warning service counts."""

from collections import Counter as Tally
from collections.abc import Iterable
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.warning.core.changes import Change
from services.warning.core.facts.ledger import REMARKS
from services.warning.core.outcomes import Outcome
from shared.events import DATA_MODELS
from shared.kafka.lag import Lag
from shared.kafka.reading import REASONS
from shared.kafka.refusals import REFUSED_BY_BROKER
from shared.started import show_start
from shared.warnings import Kind, Level

DEAD_LETTERS = (
    "ahead_of_clock",
    "engine_error",
    "id_conflict",
    "id_in_use",
    "malformed",
    "too_late",
    "unknown_type",
    "unknown_warning",
    "unreadable",
    "wrong_partition",
    REFUSED_BY_BROKER,
    *REASONS,
)
"""Why a record is put aside."""
KINDS = tuple(kind for kind in Kind if kind is not Kind.ACKNOWLEDGED)
"""Whoever records an acknowledgement counts it for itself."""
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One set of series in the registry it is given; known reasons and outcomes stand at 0 from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        show_start(registry)
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
        self.remarks = Counter(
            f"{prefix}remarks_total",
            "What events said that cannot be gone by, by remark",
            ["remark"],
            registry=registry,
        )
        for remark in REMARKS:
            self.remarks.labels(remark)
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
        for reason in DEAD_LETTERS:
            self.dead_letters.labels(reason)
        for outcome in ("recorded", "known"):
            self.acknowledgements.labels(outcome)
        for event_type, outcome in product(DATA_MODELS, get_args(Outcome)):
            self.events.labels(event_type, outcome)

    def show_rules(self, rules: Iterable[str]) -> None:
        """Start the changes of these rules at 0, so that what they first raise is seen as an increase."""
        for labels in product(rules, Level, KINDS):
            self.changes.labels(*labels)

    def count(self, outcomes: Tally[tuple[str, str]], changes: list[Change], reasons: Tally[str]) -> None:
        """Add a committed batch: (event type, outcome), changes, and why records were given up."""
        for (event_type, outcome), count in outcomes.items():
            self.events.labels(event_type, outcome).inc(count)
        for each in changes:
            self.changes.labels(each.rule, each.level or each.previous_level, each.kind).inc()
        for reason, count in reasons.items():
            self.dead_letters.labels(reason).inc(count)
