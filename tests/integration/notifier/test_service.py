"""The notifier as a process: its API, its commands, and that bad input never makes a 5xx."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
import yaml
from aiohttp import web

from deploy.local.services import Service, run_command
from shared.auth import new_key
from tests.caller import Caller, notifier
from tests.changes import change, record
from tests.kafka_records import write_topic
from tests.openapi import answers_what_it_documents
from tests.sink import SECRET, Sink, webhook
from tests.topics import until


def _env(database_url: str, bootstrap: str, prefix: str, sink: Sink, directory: Path) -> dict[str, str]:
    configuration = {
        "receivers": {"hook": webhook(sink.url("/hook")), "picky": webhook(sink.url("/picky"))},
        "routes": [{"receivers": ["hook", "picky"]}],
    }
    (directory / "notifier.yaml").write_text(yaml.safe_dump(configuration))
    token, digest = new_key()
    reader = {"name": "operations", "sha256": digest, "scopes": ["deliveries", "silences", "acknowledge"]}
    stranger, other_digest = new_key()
    other = {"name": "core", "sha256": other_digest, "scopes": ["events"]}
    (directory / "keys.yaml").write_text(yaml.safe_dump({"keys": [reader, other]}))
    return {
        "AUTH_KEYS_FILE": str(directory / "keys.yaml"),
        "KAFKA_BOOTSTRAP": bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(directory / "notifier.yaml"),
        "NOTIFIER_POLL_SECONDS": "0.1",
        "SINK_SECRET": SECRET,
        "TEST_TOKEN": token,
        "TEST_STRANGER": stranger,
    }


@pytest.fixture
async def env(database_url: str, embedded_broker: str, topic_prefix: str, sink: Sink, tmp_path: Path) -> dict[str, str]:
    env = _env(database_url, embedded_broker, topic_prefix, sink, tmp_path)
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=tmp_path)
    return env


@pytest.fixture
async def running(env: dict[str, str], tmp_path: Path) -> AsyncIterator[tuple[Caller, Service]]:
    async with notifier(env, env["TEST_TOKEN"], tmp_path) as both:
        yield both


@pytest.fixture
def caller(running: tuple[Caller, Service]) -> Caller:
    return running[0]


@pytest.fixture
def service(running: tuple[Caller, Service]) -> Service:
    return running[1]


async def _states(caller: Caller, query: str = "") -> list[str]:
    _, page = await caller.call("GET", f"/v1/deliveries{query}")
    return [each["state"] for each in page["deliveries"]]


async def test_what_was_delivered_and_what_was_not_is_told_and_a_dead_one_is_tried_again(
    caller: Caller, env: dict[str, str], sink: Sink
) -> None:
    sink.answers["/picky"] = lambda _: web.Response(status=422, text="I do not like it")
    topic = f"{env['KAFKA_TOPIC_PREFIX']}warnings"
    await write_topic(env["KAFKA_BOOTSTRAP"], topic, [record(change(number), 1_772_357_400_000) for number in range(3)])

    async def settled() -> bool:
        return sorted(await _states(caller)) == ["dead"] * 3 + ["delivered"] * 3

    await until(settled)
    _, dead = await caller.call("GET", "/v1/deliveries?state=dead&receiver=picky&borrower=TEST-0001&limit=2")
    assert [each["last_error"] for each in dead["deliveries"]] == ["HTTP 422"] * 2
    _, rest = await caller.call("GET", f"/v1/deliveries?state=dead&limit=2&cursor={dead['next']}")
    assert (len(rest["deliveries"]), rest["next"]) == (1, None)
    one = rest["deliveries"][0]
    assert await _states(caller, f"?warning_id={one['warning_id']}&state=delivered") == ["delivered"]

    _, detail = await caller.call("GET", f"/v1/deliveries/{one['id']}")
    [attempt] = detail["attempts"]
    assert (attempt["result"], attempt["answer_code"], attempt["answer_body"]) == ("refused", 422, "I do not like it")

    del sink.answers["/picky"]
    status, revived = await caller.call("POST", f"/v1/deliveries/{one['id']}:retry")
    assert (status, revived["state"]) == (202, "pending")

    async def delivered() -> bool:
        return bool((await caller.call("GET", f"/v1/deliveries/{one['id']}"))[1]["state"] == "delivered")

    await until(delivered)
    status, problem = await caller.call("POST", f"/v1/deliveries/{one['id']}:retry")
    assert (status, problem["detail"]) == (409, "expected a dead delivery, this one is delivered")


async def test_a_disabled_receiver_is_shown_and_can_be_enabled(caller: Caller, env: dict[str, str], sink: Sink) -> None:
    sink.answers["/picky"] = lambda _: web.Response(status=410)
    await write_topic(env["KAFKA_BOOTSTRAP"], f"{env['KAFKA_TOPIC_PREFIX']}warnings", [record(change())])

    async def disabled() -> bool:
        _, answer = await caller.call("GET", "/v1/receivers")
        return {each["name"]: each["state"] for each in answer["receivers"]} == {
            "hook": "enabled",
            "picky": "disabled",
        }

    await until(disabled)
    _, page = await caller.call("GET", "/v1/deliveries?state=dead")
    [dead] = page["deliveries"]
    assert (await caller.call("POST", f"/v1/deliveries/{dead['id']}:retry"))[0] == 409
    status, answer = await caller.call("POST", "/v1/receivers/picky:enable")
    assert (status, answer["state"]) == (200, "enabled")
    assert (await caller.call("POST", "/v1/receivers/nobody:enable"))[0] == 404


async def test_who_has_no_key_or_the_wrong_one_learns_nothing(caller: Caller, env: dict[str, str]) -> None:
    path = f"/v1/deliveries/{uuid4()}"
    assert (await caller.call("GET", path, key=None))[0] == 401
    assert (await caller.call("GET", path, key=env["TEST_STRANGER"]))[0] == 403
    assert (await caller.call("GET", path))[0] == 404


async def test_metrics_stand_at_zero_from_the_start(caller: Caller) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{caller.url}/metrics") as answer:
        text = await answer.text()
    assert 'bellwether_notifier_deliveries_total{channel="webhook",outcome="refused"} 0.0' in text
    assert "bellwether_notifier_pending 0.0" in text
    assert "bellwether_notifier_acceptance_to_delivery_seconds_count 0.0" in text


async def test_whatever_is_asked_the_answer_is_as_documented_and_never_a_failure_of_ours(
    caller: Caller, service: Service, env: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {env['TEST_TOKEN']}"}
    await asyncio.to_thread(answers_what_it_documents, caller.url, headers=headers)
    assert "Traceback" not in service.process.log_text()


@pytest.fixture
def commands(sink: Sink, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **_env("postgresql://nobody@127.0.0.1:1/none", "127.0.0.1:1", "", sink, tmp_path)}


async def _run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.notifier", *arguments]
    return await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True, check=False)


async def test_a_receiver_can_be_tried_from_the_command_line(commands: dict[str, str], sink: Sink) -> None:
    sink.answers["/picky"] = lambda _: web.Response(status=503, text="not today", headers={"Retry-After": "9"})
    well, picky, nobody = await asyncio.gather(*(_run(commands, "test", name) for name in ("hook", "picky", "nobody")))

    assert (well.returncode, well.stdout) == (0, "delivered\nanswer: 204\n")
    assert picky.returncode == 1
    asked = "not delivered, would be tried again, not before 9 s have passed: HTTP 503"
    assert picky.stdout == f"{asked}\nanswer: 503 not today\n"
    assert nobody.returncode == 2
    assert "expected one of hook, picky" in nobody.stderr.replace("\n", " ")
    assert all(each.data["borrower_id"] == "TEST-0001" for each in sink.received)


async def test_a_service_that_knows_no_receivers_refuses_to_start(commands: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("receivers: {hook: {channel: webhook}}\nroutes: []\n")
    unset, wrong, check = await asyncio.gather(
        _run({**commands, "NOTIFIER_CONFIG": ""}),
        _run({**commands, "NOTIFIER_CONFIG": str(broken)}),
        _run(commands, "check", str(broken)),
    )

    assert (unset.returncode, wrong.returncode, check.returncode) == (2, 2, 1)
    assert "set NOTIFIER_CONFIG" in unset.stderr
    assert "line 1, column" in wrong.stderr
    assert "url: Field required" in check.stderr
