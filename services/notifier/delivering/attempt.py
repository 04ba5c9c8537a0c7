"""One attempt at one delivery, whatever the channel does."""

import asyncio
import hashlib
import json
import random
import time
from datetime import datetime

import structlog

from services.notifier.channels.settings import Audience
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.message import Message, Purpose
from services.notifier.core.schedule import conclude
from services.notifier.core.verdict import Refused, Retry, Verdict, reached
from services.notifier.delivering.endpoint import Endpoint
from services.notifier.store.claiming import Claim
from services.notifier.store.settling import Outcome
from shared.clock import Clock
from shared.warnings import WarningChange

log = structlog.get_logger(__name__)


async def attempt(
    endpoint: Endpoint,
    claim: Claim,
    *,
    trial: bool,
    links: AcknowledgementLinks | None,
    clock: Clock,
    seconds: float,
) -> Outcome:
    """Send, for at most so long, and conclude. A cancellation is an outcome too: it may or may not have arrived."""
    started_at, started = clock.now(), time.perf_counter()
    message = composed(claim, started_at, _link(endpoint, claim, links))
    verdict, digest = await _sent(endpoint, message, seconds)
    endpoint.hear(verdict, clock.now(), trial=trial)
    conclusion = conclude(
        verdict,
        tries=claim.tries,
        now=clock.now(),
        give_up_at=claim.give_up_at,
        schedule=endpoint.settings.schedule(message.change.level),
        chance=random.random(),  # noqa: S311 - spreads load, keeps no secret
    )
    return Outcome(
        claim,
        conclusion,
        verdict.answer,
        started_at,
        time.perf_counter() - started,
        gone=isinstance(verdict, Refused) and verdict.gone,
        channel=endpoint.channel_name,
        digest=digest,
        reached=reached(verdict),
    )


def composed(claim: Claim, sent_at: datetime, acknowledge_url: str | None = None) -> Message:
    """The message that a delivery stands for."""
    return Message(
        claim.delivery_id,
        WarningChange.model_validate_json(claim.data),
        claim.data,
        created_at=claim.created_at,
        sent_at=sent_at,
        attempt=claim.tries,
        purpose=Purpose(claim.purpose),
        others=tuple(WarningChange.model_validate_json(each) for each in claim.told),
        total=claim.total,
        common=json.loads(claim.common) if claim.common is not None else {},
        acknowledge_url=acknowledge_url,
        recipient=claim.recipient,
    )


def _link(endpoint: Endpoint, claim: Claim, links: AcknowledgementLinks | None) -> str | None:
    """For people of the lender, and where there is still something to answer for: the warning that leads."""
    if links is None or endpoint.settings.audience is not Audience.STAFF or not claim.unanswered:
        return None
    return links.url(claim.warning_id, endpoint.name, claim.created_at)


async def _sent(endpoint: Endpoint, message: Message, seconds: float) -> tuple[Verdict, bytes | None]:
    """The verdict, and what proves later what was sent: a preview holds neither signatures nor secrets."""
    digest = None
    try:
        digest = hashlib.sha256(endpoint.channel.preview(message).encode()).digest()
        async with asyncio.timeout(seconds):
            return await endpoint.channel.send(message), digest
    except TimeoutError:
        return Retry(f"no verdict within {seconds:g} s"), digest
    except asyncio.CancelledError:
        return Retry("cut short: the notifier was stopping"), digest
    except Exception as error:
        # A channel that raises has a bug; the delivery is kept until the bug is mended or the deadline has passed.
        log.exception("notifier.channel.failed", channel=endpoint.channel_name, delivery_id=str(message.id))
        return Retry(f"the channel failed: {type(error).__name__}: {error}"), digest
