"""The service put together."""

from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from services.warning.acknowledging.consumer import RECORDS_A_BATCH, Acknowledging
from services.warning.acknowledging.recording import Recorder
from services.warning.acknowledging.telling import ControlOutbox
from services.warning.api.app import build_app
from services.warning.core.calendar import Calendar
from services.warning.core.engine import Engine
from services.warning.core.rules.document import RulesetError
from services.warning.core.rules.loading import load_ruleset
from services.warning.metrics import Metrics
from services.warning.settings import Settings
from services.warning.store import MIGRATIONS, SCHEMA
from services.warning.store.queries import answers
from services.warning.store.steady import SteadyConnection
from services.warning.worker.assembly import assembled
from shared.clock import SteadyClock, WallClock
from shared.collector import spare_the_collector
from shared.db import create_engine
from shared.db import migrate as migrate_schema
from shared.health import Check
from shared.kafka.connection import consumer
from shared.kafka.ends import LogEnds
from shared.kafka.letterbox import LetterBox
from shared.kafka.member import Member
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics, create_topics
from shared.keys_file import open_keys
from shared.run import serve as run
from shared.settings import SettingError
from shared.watching import Watching
from shared.yaml_text import NotTextError, decoded, file_bytes

_CHECK = "`python -m services.warning check FILE` shows them"
log = structlog.get_logger(__name__)


def load_engine(ruleset_file: Path, time_zone: str) -> Engine:
    """The engine of a ruleset file. Raises RulesetError; OSError or NotTextError where the file cannot be read."""
    return Engine(load_ruleset(decoded(file_bytes(ruleset_file))), Calendar(time_zone))


def _engine(settings: Settings) -> Engine:
    """The engine that the settings name. Raises SettingError, without the text: the file may be one of secrets."""
    try:
        return load_engine(settings.ruleset_file, settings.time_zone)
    except RulesetError as error:
        first = error.problems[0]
        said = f"{len(error.problems)} mistakes, the first in line {first.line}, column {first.column}; {_CHECK}"
    except (OSError, NotTextError) as error:
        said = (isinstance(error, OSError) and error.strerror) or str(error)
    raise SettingError("RULESET_FILE", f"expected a ruleset: {said}")


async def migrate(settings: Settings, *, partitions: int | None, replication: int) -> None:
    """Create or update the tables; with `partitions`, create the topics that are missing too."""
    await migrate_schema(settings, SCHEMA, MIGRATIONS)
    log.info("warning.tables.migrated", schema=SCHEMA)
    if partitions is not None:
        created = await create_topics(settings, partitions=partitions, replication=replication)
        log.info("warning.topics.created", topics=created)


def acknowledging(settings: Settings, recorder: Recorder, letters: LetterBox, metrics: Metrics) -> Member:
    """What records the acknowledgements that the notifier takes."""
    topics = Topics(settings.kafka_topic_prefix)
    return Member(
        partial(
            consumer,
            settings,
            group=topics.group("warning", topics.acknowledgements),
            group_instance_id=settings.warning_group_instance_id,
        ),
        topics.acknowledgements,
        Acknowledging(recorder, letters, topics.dead_letters, metrics=metrics).take,
        most=RECORDS_A_BATCH,
        lag=metrics.lag,
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM, then drain. Raises NoKeysError or SettingError before anything is begun."""
    registry = CollectorRegistry()
    keys = open_keys(settings, registry)
    engine = _engine(settings)
    clock = SteadyClock(WallClock())
    topics = Topics(settings.kafka_topic_prefix)
    producer = Producer(settings, client_id="warning")
    database = create_engine(settings, SCHEMA)
    metrics = Metrics(registry)
    letters = LetterBox(producer, metrics.records_refused)
    control = ControlOutbox(SteadyConnection(settings), producer, letters, topics.dead_letters, metrics)
    recorder = Recorder(database, control, topics)
    acknowledged = acknowledging(settings, recorder, letters, metrics)
    metrics.show_rules(engine.judges)
    metrics.clock_step.set_function(clock.step_seconds)
    ends = LogEnds(partial(consumer, settings, group=None), metrics.lag)
    await producer.start()
    try:
        async with assembled(settings, engine, producer, clock, metrics) as worker:
            spare_the_collector(oldest=1_000)
            checks: dict[str, Check] = {
                "kafka": partial(producer.check, topics.events),
                "postgres": partial(answers, database),
                "acknowledgements": acknowledged.check,
                "progress": partial(metrics.lag.check, settings.kafka_stall_seconds),
                "outbox": worker.check,
            }
            app = build_app(settings, engine, clock, database, recorder, keys.keyring, registry, checks)
            work = (worker.run, acknowledged.run, control.run, ends.run, Watching(*keys.watched).run)
            await run(app, *work, settings=settings, registry=registry)
    finally:
        await producer.stop()
        await database.dispose()
