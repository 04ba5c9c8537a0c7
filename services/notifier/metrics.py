"""What the notifier counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.notifier.core.reasons import HOLDING, Reason
from shared.kafka.lag import Lag
from shared.kafka.reading import REASONS
from shared.started import show_start

ATTEMPT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DEAD_LETTERS = ("malformed", "unknown_kind", "unstorable", *REASONS)
"""Why a record is put aside."""
# The aim is 100 ms at the 99th percentile; a receiver may also be away for a day.
DELIVERY_BUCKETS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)


class Metrics:
    """Prometheus metrics in the registry given; all that is known of labels stands at 0 from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        show_start(registry)
        self.lag = Lag("notifier", registry)
        self.clock_step = Gauge(
            "bellwether_notifier_clock_step_seconds",
            "Jump of this machine's clock that is not believed yet",
            registry=registry,
        )
        self.changes = Counter(
            "bellwether_notifier_changes_total",
            "Warning changes taken, by outcome: routed (told at once), unrouted (to nobody at once), duplicate",
            ["outcome"],
            registry=registry,
        )
        self.notices = Counter(
            "bellwether_notifier_notices_total",
            "Changes that a receiver was not told at once, by outcome: held, told (later), suppressed, and why",
            ["outcome", "reason"],
            registry=registry,
        )
        self.escalation_steps = Counter(
            "bellwether_notifier_escalation_steps_total",
            "Steps of escalations, by outcome: told (another one follows), unanswered (everybody was told by then)",
            ["outcome"],
            registry=registry,
        )
        self.escalations = Counter(
            "bellwether_notifier_escalations_total",
            "Escalations begun, and ended by: acknowledged, closed, unanswered, unconfigured",
            ["outcome"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "bellwether_notifier_dead_letters_total", "Records that could not be taken", ["reason"], registry=registry
        )
        self.records_refused = Counter(
            "bellwether_notifier_records_refused_total",
            "Records that Kafka refuses for good, each attempt",
            registry=registry,
        )
        self.deliveries = Counter(
            "bellwether_notifier_deliveries_total",
            "Attempts, by outcome: delivered, retry, refused, expired (given up), fenced (another worker's by then)",
            ["channel", "outcome"],
            registry=registry,
        )
        self.attempt_seconds = Histogram(
            "bellwether_notifier_attempt_seconds",
            "Duration of one attempt",
            ["channel"],
            buckets=ATTEMPT_BUCKETS,
            registry=registry,
        )
        self.acceptance_to_delivery = Histogram(
            "bellwether_notifier_acceptance_to_delivery_seconds",
            "From the deciding event's acceptance to a delivery's success",
            buckets=DELIVERY_BUCKETS,
            registry=registry,
        )
        self.fallbacks = Counter(
            "bellwether_notifier_fallbacks_total",
            "Messages handed on to the fallback of a receiver that could not be told",
            registry=registry,
        )
        self.endpoints = Gauge(
            "bellwether_notifier_endpoints",
            "Receivers by what this replica makes of them: closed (sent to), open (left alone), half_open (tried)",
            ["state"],
            registry=registry,
        )
        self.heartbeat_timestamp = Gauge(
            "bellwether_notifier_heartbeat_timestamp_seconds",
            "When a receiver last took a heartbeat; while it has taken none, when the first was made, or expected",
            ["receiver"],
            registry=registry,
        )
        self.heartbeat_interval = Gauge(
            "bellwether_notifier_heartbeat_interval_seconds",
            "How often a receiver gets a heartbeat",
            ["receiver"],
            registry=registry,
        )
        self.config_successful = Gauge(
            "bellwether_notifier_config_last_reload_successful",
            "1 if the configuration was taken as it was last read; 0 if it was refused and the one before holds",
            registry=registry,
        )
        self.config_timestamp = Gauge(
            "bellwether_notifier_config_reloaded_timestamp_seconds",
            "When the configuration that holds was taken",
            registry=registry,
        )
        self.pending = Gauge("bellwether_notifier_pending", "Deliveries neither delivered nor dead", registry=registry)
        self.oldest_pending_seconds = Gauge(
            "bellwether_notifier_oldest_pending_seconds", "Age of the oldest of them", registry=registry
        )
        self.overdue_seconds = Gauge(
            "bellwether_notifier_overdue_seconds",
            "How long ago what is held, or a step of an escalation, fell due that nobody has looked at yet",
            registry=registry,
        )
        self._begin()

    def _begin(self) -> None:
        """Start what is known of labels at 0, so that the first increase is seen as one."""
        for outcome in ("routed", "unrouted", "duplicate"):
            self.changes.labels(outcome)
        for reason in Reason:
            for outcome in ("held", "told", "suppressed") if reason in HOLDING else ("suppressed",):
                self.notices.labels(outcome, reason)
        for outcome in ("told", "unanswered"):
            self.escalation_steps.labels(outcome)
        for outcome in ("begun", "acknowledged", "closed", "unanswered", "unconfigured"):
            self.escalations.labels(outcome)
        for why in DEAD_LETTERS:
            self.dead_letters.labels(why)

    def show_channel(self, channel: str) -> None:
        """Start a channel's series at 0, so that a rate over them sees the first failure."""
        for outcome in ("delivered", "retry", "refused", "expired", "fenced"):
            self.deliveries.labels(channel, outcome)
        self.attempt_seconds.labels(channel)
