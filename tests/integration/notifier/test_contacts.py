"""The contact directory over HTTP: sealed, for those with the scope, and of no use without its keys."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI

from services.notifier.api.contacts import ContactDesk, contacts_router
from services.notifier.store.connection import Connection
from services.notifier.store.sealing import Sealer
from shared.auth import ApiKey, Keyring, new_key, require
from shared.clock import ManualClock
from shared.problems import install_problem_handlers
from tests.caller import Caller

READER = {
    "language": "en",
    "time_zone": "Africa/Lagos",
    "phone": "+2348012345678",
    "email": "reader@mail.example",
    "consents": ["sms"],
}
PATH = "/v1/contacts/TEST-0001"
KEYS = {scope: new_key() for scope in ("contacts", "deliveries")}


@asynccontextmanager
async def _caller(desk: ContactDesk, port: int) -> AsyncIterator[Caller]:
    keys = [ApiKey.model_validate({"name": s, "sha256": digest, "scopes": {s}}) for s, (_, digest) in KEYS.items()]
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(contacts_router(desk, require(Keyring(keys), "contacts")))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    with server.capture_signals():
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
        try:
            async with aiohttp.ClientSession() as session:
                yield Caller(f"http://127.0.0.1:{port}", session, KEYS["contacts"][0])
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def caller(connection: Connection, clock: ManualClock, free_port: int) -> AsyncIterator[Caller]:
    async with _caller(ContactDesk(connection, Sealer({"a": bytes(32)}), clock), free_port) as running:
        yield running


async def test_a_contact_comes_back_as_it_was_put_and_rests_sealed(caller: Caller, connection: Connection) -> None:
    status, put = await caller.call("PUT", PATH, READER)
    assert (status, await caller.call("GET", PATH)) == (200, (200, put))
    assert put == {**READER, "opted_out": False, "borrower_id": "TEST-0001", "updated_at": put["updated_at"]}

    async with connection.statements() as inside:
        sealed = await inside.fetchval("SELECT sealed FROM contacts")
    assert b"2348012345678" not in sealed
    assert b"reader" not in sealed

    assert (await caller.call("DELETE", PATH))[0] == 204
    assert (await caller.call("GET", PATH))[0] == 404
    assert (await caller.call("DELETE", PATH))[0] == 404


async def test_another_scope_opens_nothing(caller: Caller) -> None:
    assert (await caller.call("PUT", PATH, READER, key=KEYS["deliveries"][0]))[0] == 403
    assert (await caller.call("GET", PATH, key=KEYS["deliveries"][0]))[0] == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"phone": "08012345678"},
        {"email": "reader"},
        {"email": "a@b.example, c@d.example"},
        {"language": "fr"},
        {"consents": ["pigeon"]},
        {"phone": None},
        {"colour": "green"},
    ],
)
async def test_what_is_no_contact_is_refused_without_repeating_it(caller: Caller, wrong: dict[str, Any]) -> None:
    status, problem = await caller.call("PUT", PATH, {**READER, **wrong})
    assert status == 422
    assert "2348012345678" not in json.dumps(problem)


async def test_a_conversation_is_kept_once(caller: Caller, connection: Connection, clock: ManualClock) -> None:
    said = {"loan_id": "L-1", "at": (clock.now() - timedelta(hours=1)).isoformat()}
    for _ in range(2):
        assert (await caller.call("POST", f"{PATH}/conversations", said))[0] == 201
    assert (await caller.call("POST", f"{PATH}/conversations", {}))[0] == 201
    async with connection.statements() as inside:
        rows = await inside.fetch("SELECT debt, kind FROM contact_touches ORDER BY at")
    assert [tuple(each) for each in rows] == [("L-1", "conversation"), ("", "conversation")]


async def test_a_conversation_that_is_yet_to_come_is_refused(caller: Caller, clock: ManualClock) -> None:
    later = {"at": (clock.now() + timedelta(hours=1)).isoformat()}
    assert (await caller.call("POST", f"{PATH}/conversations", later))[0] == 422


async def test_without_keys_the_directory_says_so(connection: Connection, clock: ManualClock, free_port: int) -> None:
    async with _caller(ContactDesk(connection, None, clock), free_port) as caller:
        for method, body in (("PUT", READER), ("GET", None)):
            status, problem = await caller.call(method, PATH, body)
            assert status == 501
            assert "NOTIFIER_CONTACT_KEYS" in problem["detail"]
