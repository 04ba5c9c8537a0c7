"""The service put together."""

from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from services.ingest.admission import Admission
from services.ingest.api import Ingest, events_router
from services.ingest.direct import Direct
from services.ingest.documentation import IngestApp
from services.ingest.inbound.consumer import Inbound
from services.ingest.intake import Intake
from services.ingest.metrics import Metrics
from services.ingest.publisher import Publisher
from services.ingest.schemas import schemas_router
from services.ingest.settings import IngestSettings
from shared.auth import Keyring
from shared.clock import Clock, WallClock
from shared.events import Ahead
from shared.health import Check, health_router
from shared.kafka.connection import consumer
from shared.kafka.ends import LogEnds
from shared.kafka.lag import Lag
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics
from shared.keys_file import open_keys
from shared.problems import install_problem_handlers
from shared.run import Work
from shared.run import serve as run
from shared.watching import Watching

ISOLATION = "read_committed"
"""What a core banking system took back within a transaction never was."""


def admission(settings: IngestSettings, clock: Clock) -> Admission:
    """The rules the settings ask for."""
    limit = timedelta(seconds=settings.ingest_future_limit_seconds) or None
    ahead = Ahead(settings.ingest_value_date_limit_days, settings.ingest_period_limit_days)
    return Admission(clock, future_limit=limit, event_clock=settings.warning_clock == "event", ahead=ahead)


def publisher(settings: IngestSettings, producer: Producer, metrics: Metrics) -> Publisher:
    """A publisher onto topic `events`."""
    return Publisher(
        producer,
        Topics(settings.kafka_topic_prefix).events,
        inflight_bytes=settings.ingest_inflight_bytes,
        within=settings.ingest_answer_seconds,
        metrics=metrics,
    )


def build_app(ingest: Ingest, keyring: Keyring, registry: CollectorRegistry, checks: dict[str, Check]) -> IngestApp:
    """The HTTP application."""
    app = IngestApp(
        title="Bellwether ingest",
        version="1.0.0",
        description="Takes events from core-banking systems.",
        redirect_slashes=False,
    )
    install_problem_handlers(app)
    app.include_router(events_router(ingest, keyring))
    app.include_router(schemas_router(Topics(ingest.settings.kafka_topic_prefix)))
    app.include_router(health_router(registry, checks))
    return app


def inbound(settings: IngestSettings, rules: Admission, sender: Publisher, lag: Lag, metrics: Metrics) -> Inbound:
    """The consumer of topic events.inbound."""
    topics = Topics(settings.kafka_topic_prefix)
    group = topics.group("ingest", topics.inbound)
    return Inbound(
        lambda: consumer(settings, group=group, isolation_level=ISOLATION),
        topics.inbound,
        rules,
        sender,
        LetterBox(Producer(settings, client_id="ingest-dead-letters"), metrics.records_refused),
        topics.dead_letters,
        metrics=metrics,
        lag=lag,
    )


async def serve(settings: IngestSettings) -> None:
    """Serve until SIGTERM, then drain. Raises NoKeysError or SettingError before anything is begun."""
    registry = CollectorRegistry()
    keys = open_keys(settings, registry)
    metrics = Metrics(registry)
    rules = admission(settings, WallClock())
    sender = publisher(settings, Producer(settings, client_id="ingest"), metrics)
    checks: dict[str, Check] = {"kafka": sender.check}
    work: list[Work] = [Watching(*keys.watched).run]
    if settings.ingest_inbound == "on":
        lag = Lag("ingest", registry)
        consuming = inbound(settings, rules, sender, lag, metrics)
        ends = LogEnds(partial(consumer, settings, group=None, isolation_level=ISOLATION), lag)
        checks |= {"inbound": consuming.check, "progress": partial(lag.check, settings.kafka_stall_seconds)}
        work += [consuming.run, ends.run]
    ingest = Ingest(settings, Intake(rules, sender, metrics), sender)
    app = Direct(build_app(ingest, keys.keyring, registry, checks), ingest)
    try:
        await run(app, *work, settings=settings, registry=registry)
    finally:
        await sender.close()
