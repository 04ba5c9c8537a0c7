"""Tries one receiver with a sample, and says what became of it."""

import asyncio
from uuid import uuid4

from services.notifier.configuration import Configuration
from services.notifier.core.samples import sample_message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from services.notifier.delivering.endpoint import open_endpoints
from shared.clock import Clock


async def send_sample(configuration: Configuration, receiver: str, clock: Clock, seconds: float) -> Verdict:
    """The receiver's verdict on a message that says of itself that it is a test."""
    endpoint = open_endpoints({receiver: configuration.receivers[receiver]})[receiver]
    try:
        async with asyncio.timeout(seconds):
            return await endpoint.channel.send(sample_message(uuid4(), clock.now()))
    except TimeoutError:
        return Retry(f"no verdict within {seconds:g} s")
    finally:
        await endpoint.channel.close()


def told(verdict: Verdict) -> str:
    """The verdict for a person to read."""
    match verdict:
        case Delivered(answer=answer):
            said = "delivered"
        case Retry(why=why, after=after, answer=answer):
            asked = f", not before {after.total_seconds():g} s have passed" if after is not None else ""
            said = f"not delivered, would be tried again{asked}: {why}"
        case Refused(why=why, answer=answer, gone=gone):
            said = f"refused for good{', and the receiver would be disabled' if gone else ''}: {why}"
    return f"{said}\nanswer: {answer.code or ''} {answer.body}".rstrip() if answer.code or answer.body else said
