"""The notifier as a process, operated while it works: reconfigured, tried, and what died sent again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from deploy.local.services import Service, run_command, start_service
from services.notifier.core.message import delivery_id
from tests.changes import change, record
from tests.kafka_records import write_topic
from tests.sink import SECRET, Received, Sink, webhook
from tests.topics import until

JSON = dict[str, Any]


class Operator:
    """A running notifier, its configuration's file, its topic and its API."""

    def __init__(self, service: Service, session: aiohttp.ClientSession, env: dict[str, str]) -> None:
        self.service = service
        self._session = session
        self._env = env

    def configure(self, receivers: JSON, routes: list[JSON]) -> None:
        _configure(self._env, receivers, routes)

    def spoil(self) -> None:
        Path(self._env["NOTIFIER_CONFIG"]).write_text("receivers:\n  hook: {channel: pigeon}\nroutes: []\n")

    async def warn(self, *numbers: int) -> None:
        topic = f"{self._env['KAFKA_TOPIC_PREFIX']}warnings"
        await write_topic(self._env["KAFKA_BOOTSTRAP"], topic, [record(change(each)) for each in numbers])

    async def call(self, method: str, path: str, body: JSON | None = None) -> tuple[int, JSON]:
        async with self._session.request(method, f"{self.service.url}{path}", json=body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def states(self, query: str = "") -> list[str]:
        _, page = await self.call("GET", f"/v1/deliveries?limit=500{query}")
        return [each["state"] for each in page["deliveries"]]

    async def metric(self, name: str) -> float | None:
        async with self._session.get(f"{self.service.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next((float(each.split()[-1]) for each in lines if each.startswith(f"{name} ")), None)


def _configure(env: dict[str, str], receivers: JSON, routes: list[JSON]) -> None:
    Path(env["NOTIFIER_CONFIG"]).write_text(yaml.safe_dump({"receivers": receivers, "routes": routes}))


@pytest.fixture
async def operator(
    database_url: str, embedded_broker: str, topic_prefix: str, sink: Sink, tmp_path: Path
) -> AsyncIterator[Operator]:
    env = {
        "AUTH": "off",
        "KAFKA_BOOTSTRAP": embedded_broker,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "DATABASE_URL": database_url,
        "NOTIFIER_CONFIG": str(tmp_path / "notifier.yaml"),
        "NOTIFIER_POLL_SECONDS": "0.1",
        "NOTIFIER_HOUSEKEEPING_SECONDS": "0.2",
        "SINK_SECRET": SECRET,
    }
    _configure(env, {"hook": webhook(sink.url("/hook"))}, [{"receivers": ["hook"]}])
    await asyncio.to_thread(run_command, "notifier", ["migrate"], env, logs=tmp_path)
    service = start_service("notifier", env, logs=tmp_path)
    await asyncio.to_thread(service.wait_ready)
    async with aiohttp.ClientSession() as session:
        yield Operator(service, session, env)
    assert await asyncio.to_thread(service.process.stop) == 0


async def test_a_reload_under_traffic_loses_nothing_and_keeps_what_did_not_change(
    operator: Operator, sink: Sink
) -> None:
    held = asyncio.Event()

    async def slow(_: Received) -> web.Response:
        await held.wait()
        return web.Response(status=204)

    sink.answers["/old"] = slow
    steady = webhook(sink.url("/hook"))
    first = {"hook": steady, "old": webhook(sink.url("/old"))}
    operator.configure(first, [{"receivers": ["hook", "old"]}])
    assert (await operator.call("POST", "/v1/configuration:reload"))[0] == 200

    async def old_ones(number: int) -> bool:
        return len(sink.of("/old")) >= number

    await operator.warn(*range(50))
    await until(lambda: old_ones(10), what="some are under way to the receiver that will go")
    operator.configure({"hook": steady, "new": webhook(sink.url("/new"))}, [{"receivers": ["hook", "new"]}])
    traffic = asyncio.create_task(operator.warn(*range(50, 200)))
    assert (await operator.call("POST", "/v1/configuration:reload"))[0] == 200
    held.set()
    await traffic
    await operator.warn(*range(200, 220))

    async def all_told() -> bool:
        return len({each.id for each in sink.of("/hook")}) == 220 and {
            str(delivery_id(change(each).change_id, "new")) for each in range(200, 220)
        } <= {each.id for each in sink.of("/new")}

    await until(all_told, what="everybody was told of everything")
    assert len(sink.of("/hook")) == 220, "and nobody twice"

    async def under_way_ended() -> bool:
        return (await operator.states("&receiver=old&state=delivered")).count("delivered") == len(sink.of("/old"))

    await until(under_way_ended, what="what was under way to the old one has ended and is recorded")
    _, answer = await operator.call("GET", "/v1/receivers")
    assert [each["name"] for each in answer["receivers"]] == ["hook", "new"]


async def test_a_bad_configuration_is_refused_with_its_places_and_the_old_one_delivers_on_until_a_good_one_comes(
    operator: Operator, sink: Sink
) -> None:
    operator.spoil()
    status, problem = await operator.call("POST", "/v1/configuration:reload")
    assert status == 422
    assert [each["pointer"] for each in problem["errors"]] == ["/2/19", "/3/9"]
    assert "line 2, column 19: expected `channel`, one of" in problem["detail"]
    assert await operator.metric("bellwether_notifier_config_last_reload_successful") == 0

    await operator.warn(1)
    await until(lambda: _states(operator, "delivered", 1))
    _, shown = await operator.call("GET", "/v1/configuration")
    assert (shown["last_reload"]["successful"], [*shown["receivers"]]) == (False, ["hook"])
    assert [each["line"] for each in shown["last_reload"]["mistakes"]] == [2, 3]
    assert SECRET not in str(shown)
    assert sink.url() not in str(shown)

    operator.configure({"other": webhook(sink.url("/other"))}, [{"receivers": ["other"]}])

    async def taken() -> bool:
        return bool((await operator.call("GET", "/v1/configuration"))[1]["digest"] != shown["digest"])

    await until(taken, seconds=20, what="a good file is taken without being asked")
    await operator.warn(2)
    await until(lambda: _states(operator, "delivered", 2))
    assert len(sink.of("/other")) == 1


async def _states(operator: Operator, state: str, number: int) -> bool:
    return await operator.states(f"&state={state}") == [state] * number


async def test_a_receiver_can_be_tried_and_its_verdict_is_told(operator: Operator, sink: Sink) -> None:
    status, well = await operator.call("POST", "/v1/receivers/hook:test")
    assert (status, well["result"], well["answer_code"], well["why"]) == (200, "delivered", 204, None)
    sink.answers["/hook"] = lambda _: web.Response(status=503, text="not today", headers={"Retry-After": "9"})
    _, later = await operator.call("POST", "/v1/receivers/hook:test")
    told = (later["result"], later["why"], later["after_seconds"], later["answer_body"])
    assert told == ("retry", "HTTP 503", 9, "not today")
    sink.answers["/hook"] = lambda _: web.Response(status=410)
    _, gone = await operator.call("POST", "/v1/receivers/hook:test")
    assert (gone["result"], gone["gone"]) == ("refused", True)

    _, answer = await operator.call("GET", "/v1/receivers")
    [hook] = answer["receivers"]
    assert (hook["state"], hook["circuit"]) == ("enabled", "closed"), "a test changes nothing"
    assert {each.data["borrower_id"] for each in sink.received} == {"TEST-0001"}
    assert (await operator.call("POST", "/v1/receivers/nobody:test"))[0] == 404


async def test_the_dead_are_sent_again_by_filter_so_many_at_a_time(operator: Operator, sink: Sink) -> None:
    sink.answers["/hook"] = lambda _: web.Response(status=404)
    await operator.warn(*range(30))
    await until(lambda: _states(operator, "dead", 30))
    del sink.answers["/hook"]
    _, none = await operator.call("POST", "/v1/replays", {"to": "2020-01-01T00:00:00Z"})
    _, dry = await operator.call("POST", "/v1/replays", {"receiver": "hook", "limit": 20, "dry_run": True})
    _, one = await operator.call("POST", "/v1/replays", {"warning_id": str(change(7).warning_id)})
    assert none == {"deliveries": 0, "more": False, "dry_run": False, "left_out": []}
    assert dry == {"deliveries": 20, "more": True, "dry_run": True, "left_out": []}
    assert one == {"deliveries": 1, "more": False, "dry_run": False, "left_out": []}
    _, some = await operator.call("POST", "/v1/replays", {"borrower": "TEST-0001", "limit": 20})
    assert (some["deliveries"], some["more"]) == (20, True)
    _, rest = await operator.call("POST", "/v1/replays", {"from": "2020-01-01T00:00:00Z"})
    assert (rest["deliveries"], rest["more"]) == (9, False)

    await until(lambda: _states(operator, "delivered", 30))
    assert len({each.id for each in sink.received}) == 30, "under the ids they had"
    assert (await operator.call("POST", "/v1/replays", {"receiver": "nobody"}))[0] == 404
    assert (await operator.call("POST", "/v1/replays", {"from": "2021-01-01T00:00:00Z", "to": "2020-01-01T00:00:00Z"}))[
        0
    ] == 422

    sink.answers["/hook"] = lambda _: web.Response(status=410)
    await operator.warn(30)
    await until(lambda: _states(operator, "dead", 1))
    _, answer = await operator.call("POST", "/v1/replays", {})
    assert (answer["deliveries"], answer["left_out"]) == (0, ["hook"]), "it is disabled"
    assert (await operator.call("POST", "/v1/replays", {"receiver": "hook"}))[0] == 409
