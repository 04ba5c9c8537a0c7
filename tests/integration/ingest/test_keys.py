"""Who may send: keys, their scopes, and the one source a key may be bound to."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.local.processes import ROOT
from shared.auth import new_key
from shared.events import example
from shared.kafka.topics import Topics
from shared.keys_file import open_keys
from shared.settings import HttpSettings
from tests.integration.ingest.conftest import Ingest, start_ingest

HOLDERS: dict[str, dict[str, Any]] = {
    "core-banking": {"scopes": ["events"]},
    "bound": {"scopes": ["events"], "source": "/core-banking/eu-1"},
    "time-keeper": {"scopes": ["events", "clock"]},
    "reader": {"scopes": ["warnings"]},
}


@dataclass(frozen=True)
class Guarded:
    """An ingest that asks for keys, and the keys' tokens by their holder."""

    ingest: Ingest
    tokens: Mapping[str, str]


@pytest.fixture(scope="module")
def guarded(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = {name: new_key() for name in HOLDERS}
    keys = [{"name": name, "sha256": made[name][1], **rest} for name, rest in HOLDERS.items()]
    logs = tmp_path_factory.mktemp("logs")
    (logs / "keys.yaml").write_text(yaml.safe_dump({"keys": keys}))
    settings = {"AUTH": "keys", "AUTH_KEYS_FILE": str(logs / "keys.yaml"), "INGEST_INBOUND": "off"}
    running = start_ingest(embedded_broker, Topics("keys."), logs, **settings)
    yield Guarded(running, {name: token for name, (token, _) in made.items()})
    assert running.service.process.stop() == 0


async def send(
    http: aiohttp.ClientSession,
    guarded: Guarded,
    authorization: str | None,
    event_type: str = "loan.closed",
    **changes: str,
) -> tuple[int, str]:
    """The status, and what the answer says."""
    headers = {"Content-Type": "application/cloudevents+json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = json.dumps({**example(event_type), **changes}).encode()
    async with http.post(f"{guarded.ingest.url}/v1/events", data=body, headers=headers) as answer:
        said = await answer.json(content_type=None)
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer.status, said.get("detail", said.get("verdict"))


def bearer(guarded: Guarded, holder: str) -> str:
    return f"Bearer {guarded.tokens[holder]}"


async def test_a_key_with_the_scope_may_send(guarded: Guarded, http: aiohttp.ClientSession) -> None:
    assert await send(http, guarded, bearer(guarded, "core-banking")) == (202, "accepted")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic dXNlcjpwYXNz"])
async def test_without_a_key_nothing_is_taken(
    guarded: Guarded, http: aiohttp.ClientSession, authorization: str | None
) -> None:
    status, said = await send(http, guarded, authorization)
    assert (status, said) == (401, "expected an API key: Authorization: Bearer …")


async def test_a_key_without_the_scope_may_not_send(guarded: Guarded, http: aiohttp.ClientSession) -> None:
    assert await send(http, guarded, bearer(guarded, "reader")) == (403, "key 'reader' lacks the scope 'events'")


async def test_a_bound_key_may_send_its_own_source_only(guarded: Guarded, http: aiohttp.ClientSession) -> None:
    own = await send(http, guarded, bearer(guarded, "bound"), source="/core-banking/eu-1")
    status, said = await send(http, guarded, bearer(guarded, "bound"), source="/core-banking/eu-2")

    assert own == (202, "accepted")
    assert status == 403
    assert said.startswith("/source: expected '/core-banking/eu-1', the source this key is bound to")


async def test_the_clock_needs_a_scope_of_its_own(guarded: Guarded, http: aiohttp.ClientSession) -> None:
    status, said = await send(http, guarded, bearer(guarded, "core-banking"), "clock.advanced")

    assert (status, "needs the scope 'clock'" in said) == (403, True)
    assert await send(http, guarded, bearer(guarded, "time-keeper"), "clock.advanced") == (202, "accepted")


def test_ingest_refuses_to_start_without_keys_and_says_how_to_give_some(free_port: int) -> None:
    env = {"HTTP_PORT": str(free_port)}
    command = [sys.executable, "-m", "services.ingest"]
    ended = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)

    assert ended.returncode == 2
    assert "set AUTH_KEYS_FILE to a keys file, or AUTH=off to let anyone call" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_made_key_opens_what_its_entry_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services.ingest", "new-key", "branch-7"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    token = said.splitlines()[0].rsplit(" ", 1)[1]
    entry = said[said.index("keys:") :]
    (tmp_path / "keys.yaml").write_text(entry)
    keyring = open_keys(HttpSettings(auth_keys_file=str(tmp_path / "keys.yaml")), CollectorRegistry()).keyring
    holder = keyring.holder(token)
    assert holder is not None
    assert (holder.name, sorted(holder.scopes)) == ("branch-7", ["events"])
    assert token not in entry
