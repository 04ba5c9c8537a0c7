"""The warning service's HTTP side over a database in which a worker has decided some events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import uvicorn
from prometheus_client import CollectorRegistry

from services.warning.acknowledging.recording import Recorder
from services.warning.acknowledging.telling import ControlOutbox
from services.warning.api.app import build_app
from services.warning.metrics import Metrics
from services.warning.service import load_engine
from services.warning.store import SCHEMA
from services.warning.store.steady import SteadyConnection
from shared.auth import ApiKey, Keyring, new_key
from shared.db import create_engine
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import Producer
from tests.integration.warning.conftest import Deployment


@dataclass
class Api:
    """The service's address, its keys by scope, and its control outbox to publish by hand."""

    session: aiohttp.ClientSession
    url: str
    keys: dict[str, str]
    control: ControlOutbox
    deployment: Deployment

    async def get(self, path: str, *, key: str = "warnings", **query: Any) -> tuple[int, Any]:
        """Status and body of a GET."""
        async with self.session.get(self.url + path, params=query, headers=self._headers(key)) as response:
            return response.status, await response.json(content_type=None)

    async def post(self, path: str, body: Any, *, key: str = "acknowledge") -> tuple[int, Any]:
        """Status and body of a POST."""
        async with self.session.post(self.url + path, json=body, headers=self._headers(key)) as response:
            return response.status, await response.json(content_type=None)

    def _headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[key]}"} if key in self.keys else {}


@asynccontextmanager
async def _serving(app: Any, port: int) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    with server.capture_signals():
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def api(decided: Deployment, free_port: int) -> AsyncIterator[Api]:
    """The HTTP side, with one key for reading and one for acknowledging."""
    settings = decided.settings
    made = {scope: new_key() for scope in ("warnings", "acknowledge")}
    keys = [{"name": scope, "sha256": digest, "scopes": {scope}} for scope, (_, digest) in made.items()]
    keyring = Keyring([ApiKey.model_validate(each) for each in keys])
    database = create_engine(settings, SCHEMA)
    producer = Producer(settings, client_id="test")
    metrics = Metrics(CollectorRegistry())
    letters = LetterBox(producer, metrics.records_refused)
    control = ControlOutbox(SteadyConnection(settings), producer, letters, decided.topics.dead_letters, metrics)
    recorder = Recorder(database, control, decided.topics)
    engine = load_engine(settings.ruleset_file, settings.time_zone)
    app = build_app(settings, engine, decided.clock, database, recorder, keyring, CollectorRegistry(), {})
    try:
        async with _serving(app, free_port) as url, aiohttp.ClientSession() as session:
            yield Api(session, url, {scope: token for scope, (token, _) in made.items()}, control, decided)
    finally:
        await control.close()
        await producer.stop()
        await database.dispose()
