"""The HTTP side: senders post events and read what an event looks like."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends, Request, Response

from services.ingest import documentation
from services.ingest.admission import Sender
from services.ingest.answers import batch_answer, event_answer, event_id, not_now, refusal_problem
from services.ingest.binary_mode import structured
from services.ingest.bodies import BATCH, NDJSON, content_type, line_numbers, single_type, split
from services.ingest.intake import Intake, Outcome
from services.ingest.publisher import BusyError, Publisher
from services.ingest.refusals import RefusedError
from services.ingest.settings import IngestSettings
from shared.auth import ApiKey, Keyring, require
from shared.events import MAX_EVENT_BYTES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ingest:
    """What the routes work with."""

    settings: IngestSettings
    intake: Intake
    publisher: Publisher

    async def take_event(self, request: Request, sender: Sender) -> Response:
        """One event: accepted, or a problem."""
        body = await request.body()
        try:
            raw = _structured_event(request, body)
            outcome = await self._take([raw], len(raw), sender)
        except RefusedError as error:
            raise refusal_problem(error) from None
        if 0 in outcome.refusals:
            raise refusal_problem(outcome.refusals[0])
        if outcome.verdicts[0] != "accepted":
            raise not_now("Kafka did not acknowledge the event in time: repeat it with the same id")
        return event_answer(event_id(raw))

    async def take_batch(self, request: Request, sender: Sender) -> Response:
        """Many events, a verdict each."""
        media_type = content_type(request, BATCH, NDJSON)
        body = await request.body()
        raws = split(body, media_type, limit=self.settings.ingest_batch_events)
        outcome = await self._take(raws, len(body), sender)
        lines = line_numbers(body) if outcome.refusals and media_type == NDJSON else None
        return batch_answer(outcome, raws, lines)

    async def _take(self, raws: list[bytes], size: int, sender: Sender) -> Outcome:
        try:
            with self.publisher.room(size):
                return await self.intake.take(raws, sender)
        except BusyError as error:
            log.warning("ingest.busy", detail=str(error))
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("ingest.kafka.away", error=repr(error))
        return Outcome(["unknown"] * len(raws))


def _structured_event(request: Request, body: bytes) -> bytes:
    """The event in structured mode, whichever mode it came in."""
    declared = single_type(request)
    return body if declared is None else structured(request.headers.raw, declared, body)


def events_router(ingest: Ingest, keyring: Keyring) -> APIRouter:
    """The routes that take events. A key needs the scope `events`, and `clock` besides for clock.advanced."""
    router = APIRouter(prefix="/v1", tags=["events"])
    key = require(keyring, "events")
    event_bytes, batch_bytes = MAX_EVENT_BYTES, ingest.settings.ingest_batch_bytes

    @router.post(
        "/events", status_code=202, summary="Send one event", max_body_size=event_bytes, **documentation.SEND_EVENT
    )
    async def send_event(request: Request, caller: Annotated[ApiKey, Depends(key)]) -> Response:
        return await ingest.take_event(request, sender_of(caller))

    @router.post(
        "/events:batch",
        status_code=202,
        summary="Send many events",
        max_body_size=batch_bytes,
        **documentation.SEND_BATCH,
    )
    async def send_batch(request: Request, caller: Annotated[ApiKey, Depends(key)]) -> Response:
        return await ingest.take_batch(request, sender_of(caller))

    return router


def sender_of(key: ApiKey) -> Sender:
    """Who sends with this key."""
    return Sender(key.source, "clock" in key.scopes)
