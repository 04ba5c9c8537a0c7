"""One attempt at one delivery, whatever the channel does."""

import asyncio
import random
import time

import structlog

from services.notifier.core.message import Message
from services.notifier.core.schedule import conclude
from services.notifier.core.verdict import Refused, Retry, Verdict
from services.notifier.delivering.endpoint import Endpoint
from services.notifier.store.claiming import Claim
from services.notifier.store.settling import Outcome
from shared.clock import Clock
from shared.warnings import WarningChange

log = structlog.get_logger(__name__)


async def attempt(endpoint: Endpoint, claim: Claim, *, clock: Clock, seconds: float) -> Outcome:
    """Send, for at most so long, and conclude. A cancellation is an outcome too: it may or may not have arrived."""
    started_at, started = clock.now(), time.perf_counter()
    verdict = await _verdict(endpoint, claim, seconds, Message(
        claim.delivery_id,
        WarningChange.model_validate_json(claim.data),
        claim.data,
        created_at=claim.created_at,
        sent_at=started_at,
        attempt=claim.tries,
    ))  # fmt: skip
    conclusion = conclude(
        verdict,
        tries=claim.tries,
        now=clock.now(),
        give_up_at=claim.give_up_at,
        schedule=endpoint.schedule,
        chance=random.random(),  # noqa: S311 - spreads load, keeps no secret
    )
    gone = isinstance(verdict, Refused) and verdict.gone
    return Outcome(claim, conclusion, verdict.answer, started_at, time.perf_counter() - started, gone)


async def _verdict(endpoint: Endpoint, claim: Claim, seconds: float, message: Message) -> Verdict:
    try:
        async with asyncio.timeout(seconds):
            return await endpoint.channel.send(message)
    except TimeoutError:
        return Retry(f"no verdict within {seconds:g} s")
    except asyncio.CancelledError:
        return Retry("cut short: the notifier was stopping")
    except Exception as error:
        # A channel that raises has a bug; the delivery is kept until the bug is mended or the deadline has passed.
        log.exception("notifier.channel.failed", channel=endpoint.channel_name, delivery_id=str(claim.delivery_id))
        return Retry(f"the channel failed: {type(error).__name__}: {error}")
