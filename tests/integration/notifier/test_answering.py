"""Silences and acknowledgements at the notifier as a process, with a real Kafka behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
import yaml

from deploy.local.kafka import RealKafka
from deploy.local.services import Service, run_command, start_service
from services.notifier.core.tokens import Link, press_id, signed
from shared.acknowledgements import TYPE, AcknowledgementGiven
from shared.auth import new_key
from shared.kafka.cloudevents import from_headers
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings
from tests.kafka_records import read_topic

SECRET = "a secret for links alone"
CONFIGURATION = {
    "receivers": {"journal": {"channel": "log"}},
    "routes": [{"receivers": ["journal"]}],
    "acknowledgement_links": {"base_url": "https://notifier.example", "secrets": [{"secret_env": "LINK_SECRET"}]},
}


class Caller:
    """Calls the API with a key, or without one."""

    def __init__(self, service: Service, session: aiohttp.ClientSession, token: str) -> None:
        self._url = service.url
        self._session = session
        self._key = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: Any = None, *, key: bool = True) -> tuple[int, Any]:
        headers = self._key if key else {}
        async with self._session.request(method, self._url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def browse(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        async with self._session.request(method, self._url + path, data=form) as answer:
            assert answer.content_type == "text/html"
            return answer.status, await answer.text()


@pytest.fixture
async def env(database_url: str, real_kafka: RealKafka, topic_prefix: str, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "notifier.yaml").write_text(yaml.safe_dump(CONFIGURATION))
    token, digest = new_key()
    key = {"name": "risk-desk", "sha256": digest, "scopes": ["silences", "acknowledge"]}
    (tmp_path / "keys.yaml").write_text(yaml.safe_dump({"keys": [key]}))
    env = {
        "AUTH_KEYS_FILE": str(tmp_path / "keys.yaml"),
        "KAFKA_BOOTSTRAP": real_kafka.bootstrap,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
        "LINK_SECRET": SECRET,
        "TEST_TOKEN": token,
    }
    settings = KafkaSettings(kafka_bootstrap=real_kafka.bootstrap, kafka_topic_prefix=topic_prefix)
    await create_topics(settings, partitions=1, replication=1)
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=tmp_path)
    return env


@pytest.fixture
async def caller(env: dict[str, str], tmp_path: Path) -> AsyncIterator[Caller]:
    service = start_service("notifier", env, logs=tmp_path)
    await asyncio.to_thread(service.wait_ready)
    async with aiohttp.ClientSession() as session:
        yield Caller(service, session, env["TEST_TOKEN"])
    assert await asyncio.to_thread(service.process.stop) == 0


async def test_whoever_answers_by_link_or_by_key_is_on_the_topic_before_it_is_confirmed(
    caller: Caller, env: dict[str, str]
) -> None:
    by_link, by_key = uuid4(), uuid4()
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    token = signed(Link(by_link, "branch-kano", in_an_hour), SECRET.encode())
    path = f"/v1/acknowledge/{token}"

    assert (await caller.browse("GET", path))[0] == 200
    assert (await caller.browse("POST", path, {"by": "Amina Bello"}))[0] == 202
    assert (await caller.browse("POST", path))[0] == 202
    status, answer = await caller.call("POST", f"/v1/warnings/{by_key}/acknowledgements", {"by": "kofi", "note": "x"})
    assert (status, answer["warning_id"], answer["via"]) == (202, str(by_key), "api")

    records = await read_topic(env["KAFKA_BOOTSTRAP"], f"{env['KAFKA_TOPIC_PREFIX']}acknowledgements")
    given = [AcknowledgementGiven.model_validate_json(each.value) for each in records]
    assert [(each.id, each.warning_id, each.by, each.via) for each in given] == [
        (press_id(token), by_link, "Amina Bello", "link"),
        (press_id(token), by_link, "branch-kano", "link"),
        (UUID(answer["id"]), by_key, "kofi", "api"),
    ]
    attributes = [from_headers(each.headers) for each in records]
    assert [(each["type"], each["id"]) for each in attributes] == [(TYPE, str(each.id)) for each in given]


async def test_a_link_that_is_wrong_or_has_ended_and_a_caller_without_a_key_put_nothing_on_the_topic(
    caller: Caller, env: dict[str, str]
) -> None:
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    ended = signed(Link(uuid4(), "branch-kano", a_minute_ago), SECRET.encode())
    assert [(await caller.browse(method, f"/v1/acknowledge/{ended}"))[0] for method in ("GET", "POST")] == [410, 410]
    assert [(await caller.browse(method, "/v1/acknowledge/x.y"))[0] for method in ("GET", "POST")] == [403, 403]
    too_much = {"by": "x" * 5_000}
    assert (await caller.browse("POST", f"/v1/acknowledge/{ended}", too_much))[0] == 413
    body = {"by": "kofi"}
    assert (await caller.call("POST", f"/v1/warnings/{uuid4()}/acknowledgements", body, key=False))[0] == 401
    assert await read_topic(env["KAFKA_BOOTSTRAP"], f"{env['KAFKA_TOPIC_PREFIX']}acknowledgements") == []


def _silence(hours: float, **match: object) -> dict[str, Any]:
    ends_at = datetime.now(UTC) + timedelta(hours=hours)
    return {"match": match, "author": "amina", "reason": "a system is repaired", "ends_at": ends_at.isoformat()}


async def test_a_silence_is_made_listed_ended_and_kept(caller: Caller) -> None:
    status, first = await caller.call("POST", "/v1/silences", _silence(2, level="red", branch=["Kano", "Jos"]))
    assert (status, first["state"], first["ended_by"]) == (201, "active", None)
    assert first["match"] == {"level": ["red"], "branch": ["Kano", "Jos"]}
    later = {**_silence(3, rule="missed_payment"), "begins_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    _, second = await caller.call("POST", "/v1/silences", later)

    async def listed(query: str) -> list[str]:
        return [each["id"] for each in (await caller.call("GET", f"/v1/silences{query}"))[1]["silences"]]

    assert await listed("") == [second["id"], first["id"]]
    assert (await listed("?state=active"), await listed("?state=pending")) == ([first["id"]], [second["id"]])
    _, page = await caller.call("GET", "/v1/silences?limit=1")
    assert await listed(f"?limit=1&cursor={page['next']}") == [first["id"]]

    ended = [await caller.call("DELETE", f"/v1/silences/{first['id']}") for _ in range(2)]
    assert [(status, each["state"], each["ended_by"]) for status, each in ended] == [(200, "ended", "risk-desk")] * 2
    assert ended[0] == ended[1]
    assert await listed("?state=ended") == [first["id"]]
    assert (await caller.call("GET", f"/v1/silences/{first['id']}"))[1] == ended[0][1]
    assert [(await caller.call(method, f"/v1/silences/{uuid4()}"))[0] for method in ("GET", "DELETE")] == [404, 404]


async def test_a_silence_that_makes_no_sense_is_refused_with_what_was_expected(caller: Caller) -> None:
    upside_down = {**_silence(1, rule="x"), "begins_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}
    for wrong, expected in (
        (_silence(1), "at least one key"),
        (_silence(1, level=None), "at least one key"),
        (_silence(-1, rule="x"), "after now"),
        (upside_down, "after `begins_at`"),
        (_silence(32 * 24, rule="x"), "at most 31 days"),
        (_silence(1, branches="Kano"), "branches"),
    ):
        status, problem = await caller.call("POST", "/v1/silences", wrong)
        assert (status, expected in problem["detail"]) == (422, True), problem
    assert (await caller.call("GET", "/v1/silences"))[1] == {"silences": [], "next": None}
