"""Waiting for what happens in another process."""

import asyncio
from collections.abc import Callable

POLL_SECONDS = 0.01


async def until(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return once `condition` holds. Fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - no one here could set an event
            await asyncio.sleep(POLL_SECONDS)
