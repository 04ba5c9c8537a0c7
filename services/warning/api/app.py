"""The HTTP application."""

from collections.abc import Mapping

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.warning.acknowledging.recording import Recorder
from services.warning.api.borrowers import Pictures, borrowers_router
from services.warning.api.naming import Naming
from services.warning.api.rulesets import rulesets_router
from services.warning.api.warnings import Desk, warnings_router
from services.warning.core.engine import Engine
from services.warning.settings import Settings
from services.warning.store import queries
from shared.auth import Keyring, require
from shared.clock import Clock
from shared.health import Check, health_router
from shared.kafka.topics import Topics
from shared.problems import install_problem_handlers


def build_app(
    settings: Settings,
    engine: Engine,
    clock: Clock,
    database: queries.Database,
    recorder: Recorder,
    keyring: Keyring,
    registry: CollectorRegistry,
    checks: Mapping[str, Check],
) -> FastAPI:
    """The application over these parts."""
    app = FastAPI(
        title="Bellwether warning", version="1.0.0", description="Who is in trouble, and why.", redirect_slashes=False
    )
    install_problem_handlers(app)
    topics = Topics(settings.kafka_topic_prefix)
    reads, acknowledges = require(keyring, "warnings"), require(keyring, "acknowledge")
    naming = Naming(database, engine, clock, topics.events, wall=settings.warning_clock == "wall")
    written = settings.ruleset_file.read_text(encoding="utf-8")
    app.include_router(borrowers_router(Pictures(database, engine, naming), reads))
    app.include_router(warnings_router(Desk(database, naming, clock, recorder), reads, acknowledges))
    app.include_router(rulesets_router(engine, written, reads))
    app.include_router(health_router(registry, checks))
    return app
