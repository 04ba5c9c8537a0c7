"""Whoever calls a service's API with a key, or without one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local.services import Service, start_service

OWN = "the caller's own"


class Caller:
    """Calls the API below a URL, with the key given unless a call names another, or None."""

    def __init__(self, url: str, session: aiohttp.ClientSession, key: str) -> None:
        self.url = url
        self._session = session
        self._key = key

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = OWN) -> tuple[int, Any]:
        """The status, and the answer's JSON; None where it is empty."""
        chosen = self._key if key == OWN else key
        headers = {"Authorization": f"Bearer {chosen}"} if chosen is not None else {}
        async with self._session.request(method, self.url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def browse(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """The status, and the page, as a person's browser asks for it."""
        async with self._session.request(method, self.url + path, data=form) as answer:
            assert answer.content_type == "text/html"
            return answer.status, await answer.text()


@asynccontextmanager
async def notifier(env: dict[str, str], key: str, logs: Path) -> AsyncIterator[tuple[Caller, Service]]:
    """A notifier as a process, and its caller. It must end well."""
    service = start_service("notifier", env, logs=logs)
    await asyncio.to_thread(service.wait_ready)
    async with aiohttp.ClientSession() as session:
        yield Caller(service.url, session, key), service
    assert await asyncio.to_thread(service.process.stop) == 0
