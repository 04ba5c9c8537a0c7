"""The service put together."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from services.notifier.acknowledging import Acknowledging
from services.notifier.api.acknowledgements import AcknowledgementDesk
from services.notifier.api.app import build_app
from services.notifier.api.contacts import ContactDesk
from services.notifier.api.notifications import NotificationDesk
from services.notifier.api.receivers import Register
from services.notifier.api.replays import ReplayDesk
from services.notifier.api.silences import SilenceDesk
from services.notifier.configuration import Configuration, ConfigurationError, load
from services.notifier.configuration.live import Live
from services.notifier.consuming.consumer import Consumer
from services.notifier.consuming.intake import Intake
from services.notifier.delivering.borrowers import is_guarded
from services.notifier.delivering.endpoint import open_endpoints
from services.notifier.delivering.fallbacks import Fallbacks
from services.notifier.delivering.worker import Pace, Worker
from services.notifier.housekeeping import Housekeeping
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import MIGRATIONS, SCHEMA
from services.notifier.store.connection import Connection
from services.notifier.store.listing import Deliveries
from services.notifier.store.sealing import KeysError, Sealer
from services.notifier.timekeeping.due import Due
from services.notifier.timekeeping.escalating import EscalationsDue
from services.notifier.timekeeping.gathering import GatheringsDue
from services.notifier.timekeeping.heartbeats import HeartbeatsDue
from services.notifier.timekeeping.keeper import Timekeeper
from shared import db
from shared.clock import Clock, SteadyClock, WallClock
from shared.collector import spare_the_collector
from shared.health import Check
from shared.kafka.connection import consumer
from shared.kafka.ends import LogEnds
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics
from shared.keys_file import open_keys
from shared.run import serve as run
from shared.watching import Watching

log = structlog.get_logger(__name__)


async def migrate(settings: NotifierSettings) -> None:
    """Create or update the tables."""
    await db.migrate(settings, SCHEMA, MIGRATIONS)
    log.info("notifier.tables.migrated", schema=SCHEMA)


def configured(settings: NotifierSettings) -> Configuration:
    """The configuration the settings name. Raises ConfigurationError."""
    return load(configuration_file(settings))


def contact_keys(settings: NotifierSettings) -> Sealer | None:
    """What opens the contact directory; None where no keys are set. Raises ConfigurationError."""
    given, path = settings.notifier_contact_keys, settings.notifier_contact_keys_file
    try:
        if given is not None and given.get_secret_value():
            return Sealer.from_text(given.get_secret_value())
        return Sealer.from_text(Path(path).read_text("utf-8")) if path else None
    except (KeysError, OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error  # without the name: it may be a key itself
        raise ConfigurationError(f"NOTIFIER_CONTACT_KEYS{'' if given else '_FILE'}: {said}") from None


def reachable(configuration: Configuration, sealer: Sealer | None) -> None:
    """Raises ConfigurationError where borrowers are to be written to and nothing opens the contact directory."""
    names = [name for name, each in configuration.receivers.items() if is_guarded(each)]
    if names and sealer is None:
        raise ConfigurationError(f"receivers of audience borrower ({', '.join(names)}) need NOTIFIER_CONTACT_KEYS")


def configuration_file(settings: NotifierSettings) -> Path:
    """The file the settings name. Raises ConfigurationError where they name none, or none that is there."""
    if not settings.notifier_config:
        raise ConfigurationError("no receivers: set NOTIFIER_CONFIG to a file such as services/notifier/example.yaml")
    path = Path(settings.notifier_config)
    if not path.exists():
        raise ConfigurationError("NOTIFIER_CONFIG: expected the name of a file; there is none of that name")
    return path


def consuming(settings: NotifierSettings, intake: Intake, worker: Worker, metrics: Metrics) -> Consumer:
    """The consumer of topic `warnings`, which tells the worker what has come."""
    topics = Topics(settings.kafka_topic_prefix)
    return Consumer(
        lambda: consumer(settings, group=topics.group("notifier", topics.warnings)),
        topics.warnings,
        intake,
        LetterBox(Producer(settings, client_id="notifier-dead-letters"), metrics.records_refused),
        lag=metrics.lag,
        arrived=worker.wake,
    )


def delivering(
    settings: NotifierSettings,
    live: Live,
    connections: list[Connection],
    clock: Clock,
    metrics: Metrics,
    sealer: Sealer | None = None,
) -> Worker:
    """A worker over two connections: one claims while the other records."""
    claims, records = connections
    pace = Pace(settings.notifier_attempt_seconds, settings.notifier_lease_seconds, settings.notifier_poll_seconds)
    worker = Worker(
        open_endpoints(live.configuration.receivers),
        claims,
        records,
        pace=pace,
        clock=clock,
        metrics=metrics,
        links=lambda: live.configuration.acknowledgement_links,
        sealer=sealer,
    )
    live.use(lambda configuration: worker.use(configuration.receivers))
    return worker


def keeping_time(live: Live, connection: Connection, worker: Worker, clock: Clock, metrics: Metrics) -> Timekeeper:
    """What falls due by the clock, by the configuration that holds."""
    configuration = live.configuration
    kinds: list[Due] = [
        GatheringsDue(configuration, metrics),
        EscalationsDue(configuration, metrics),
        HeartbeatsDue(configuration),
    ]
    for each in kinds:
        live.use(each.use)
    return Timekeeper(kinds, connection, clock=clock, woken=worker.wake)


async def serve(settings: NotifierSettings) -> None:
    """Serve until SIGTERM, then drain.

    Raises NoKeysError, ConfigurationError or SettingError before anything is begun.
    """
    registry, clock = CollectorRegistry(), SteadyClock(WallClock())
    keys = open_keys(settings, registry)
    sealer = contact_keys(settings)
    metrics = Metrics(registry)
    metrics.clock_step.set_function(clock.step_seconds)
    live = Live(configuration_file(settings), clock=clock, metrics=metrics, fit=partial(reachable, sealer=sealer))
    hot, steady = [Connection(settings) for _ in range(3)], Connection(settings, by_index=False)
    topics = Topics(settings.kafka_topic_prefix)
    worker = delivering(settings, live, hot[:2], clock, metrics, sealer)
    intake = Intake(live.configuration, hot[2], topics.dead_letters, clock=clock, metrics=metrics)
    inbound = consuming(settings, intake, worker, metrics)
    keeping = Housekeeping(settings, live.configuration, steady, clock=clock, metrics=metrics)
    for each in (intake, keeping):
        live.use(each.use)
    fallbacks = Fallbacks(
        lambda: live.configuration.receivers,
        worker,
        steady,
        clock=clock,
        metrics=metrics,
        every=settings.notifier_housekeeping_seconds,
    )
    asked, timed = (Connection(settings, by_index=False) for _ in range(2))
    timekeeper = keeping_time(live, timed, worker, clock, metrics)
    silences = SilenceDesk(asked, clock, timedelta(days=settings.notifier_silence_days))
    acknowledging = Acknowledging(
        Producer(settings, client_id="notifier-acknowledgements"), topics.acknowledgements, metrics.records_refused
    )
    answering = AcknowledgementDesk(acknowledging.publish, lambda: live.configuration.acknowledgement_links, clock)
    engine = db.create_engine(settings, SCHEMA)
    deliveries = Deliveries(engine)
    ends = LogEnds(partial(consumer, settings, group=None), metrics.lag)
    checks: dict[str, Check] = {
        "kafka": inbound.check,
        "postgres": deliveries.check,
        "progress": partial(metrics.lag.check, settings.kafka_stall_seconds),
    }
    register = Register(deliveries, live, worker, clock=clock, attempt_seconds=settings.notifier_attempt_seconds)
    app = build_app(
        deliveries,
        live,
        register=register,
        replays=ReplayDesk(live, asked, clock, worker.wake),
        notifications=NotificationDesk(asked, lambda: live.configuration.escalations),
        silences=silences,
        contacts=ContactDesk(asked, sealer, clock),
        acknowledgements=answering,
        clock=clock,
        woken=worker.wake,
        keyring=keys.keyring,
        registry=registry,
        checks=checks,
    )
    spare_the_collector(oldest=10)
    try:
        watching = Watching(live, *keys.watched)
        work = (inbound.run, ends.run, worker.run, keeping.run, timekeeper.run, fallbacks.run, watching.run)
        await run(app, *work, settings=settings, registry=registry)
    finally:
        for connection in (*hot, steady, asked, timed):
            await connection.close()
        await acknowledging.close()
        await engine.dispose()
