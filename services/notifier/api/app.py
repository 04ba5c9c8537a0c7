"""The HTTP application."""

from collections.abc import Callable, Iterable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry

from services.notifier.api.acknowledgements import AcknowledgementDesk, acknowledgements_router, links_router
from services.notifier.api.configuration import configuration_router
from services.notifier.api.contacts import ContactDesk, contacts_router
from services.notifier.api.deliveries import Desk, deliveries_router
from services.notifier.api.notifications import NotificationDesk, notifications_router
from services.notifier.api.receivers import Register, receivers_router
from services.notifier.api.replays import ReplayDesk, replays_router
from services.notifier.api.silences import SilenceDesk, silences_router
from services.notifier.configuration.live import Live
from services.notifier.store.listing import Deliveries, StoreAwayError
from shared.auth import Keyring, require
from shared.clock import Clock
from shared.health import Check, health_router
from shared.problems import Problem, install_problem_handlers, problem_response


def build_app(
    deliveries: Deliveries,
    live: Live,
    *,
    register: Register,
    replays: ReplayDesk,
    notifications: NotificationDesk,
    silences: SilenceDesk,
    contacts: ContactDesk,
    acknowledgements: AcknowledgementDesk,
    clock: Clock,
    woken: Callable[[Iterable[str]], None],
    keyring: Keyring,
    registry: CollectorRegistry,
    checks: Mapping[str, Check],
) -> FastAPI:
    """The application over these parts."""
    app = FastAPI(
        title="Bellwether notifier",
        version="1.0.0",
        description="Who was told of what, and how it went.",
        redirect_slashes=False,
    )
    install_problem_handlers(app)
    caller = require(keyring, "deliveries")
    app.include_router(deliveries_router(Desk(deliveries, live, clock, woken), caller))
    app.include_router(replays_router(replays, caller))
    app.include_router(receivers_router(register, caller))
    app.include_router(notifications_router(notifications, caller))
    app.include_router(configuration_router(live, caller))
    app.include_router(silences_router(silences, require(keyring, "silences")))
    app.include_router(contacts_router(contacts, require(keyring, "contacts")))
    app.include_router(acknowledgements_router(acknowledgements, require(keyring, "acknowledge")))
    app.include_router(links_router(acknowledgements))
    app.include_router(health_router(registry, checks))

    @app.exception_handler(StoreAwayError)
    async def store_away(_: Request, error: StoreAwayError) -> JSONResponse:
        detail = "the database did not answer: try again"
        return problem_response(Problem(title="Not now", status=503, detail=detail), {"Retry-After": "5"})

    return app
