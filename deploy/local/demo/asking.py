"""What the demo asks the services' APIs at its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp

from deploy.local.demo.people import SYSTEM
from deploy.local.demo.settling import DemoFailedError
from deploy.local.stack import Stack
from shared.warnings import Kind

PAGE = 500


class Desk:
    """Asks. Raises DemoFailedError for an answer that is none."""

    def __init__(self, session: aiohttp.ClientSession, stack: Stack) -> None:
        self._session = session
        self._stack = stack

    async def warning(self, warning: UUID) -> dict[str, Any]:
        """The whole life of a warning, with who acknowledged it."""
        return await self._json(f"{self._stack.url('warning')}/v1/warnings/{warning}")

    async def notifications(self, warning: UUID) -> Sequence[dict[str, Any]]:
        """Who was told of a warning, who was not, and why."""
        found = await self._json(f"{self._stack.url('notifier')}/v1/warnings/{warning}/notifications")
        return list(found["notifications"])

    async def waits(self) -> list[float]:
        """Seconds from an event's acceptance to the delivery of what it changed, of each the system was told of."""
        found: list[float] = []
        cursor: dict[str, str] = {}
        while True:
            asked = {"receiver": SYSTEM, "state": "delivered", "limit": str(PAGE), **cursor}
            page = await self._json(f"{self._stack.url('notifier')}/v1/deliveries", asked)
            found += [_wait(each) for each in page["deliveries"] if _was_awaited(each)]
            if page["next"] is None:
                return sorted(found)
            cursor = {"cursor": page["next"]}

    async def _json(self, url: str, asked: dict[str, str] | None = None) -> dict[str, Any]:
        async with self._session.get(url, params=asked) as response:
            if response.status != 200:
                raise DemoFailedError(f"expected an answer from {url}, got {response.status}")
            answer: dict[str, Any] = await response.json()
            return answer


def _was_awaited(delivery: dict[str, Any]) -> bool:
    """An event led to it; a person's acknowledgement comes whenever it does."""
    return delivery["accepted_at"] is not None and delivery["kind"] != Kind.ACKNOWLEDGED


def _wait(delivery: dict[str, Any]) -> float:
    accepted, settled = (datetime.fromisoformat(delivery[name]) for name in ("accepted_at", "settled_at"))
    return (settled - accepted).total_seconds()
