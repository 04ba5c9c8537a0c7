"""Events over HTTP: what is answered 202 is on the topic, what is wrong is named, and nothing is half accepted."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from deploy.local.scrape import scrape
from shared.events import CONTROL_SUBJECT, accept, example
from shared.kafka.partitions import partition_of
from tests.integration.ingest.conftest import Ingest
from tests.kafka_records import read_topic

EVENT, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
NDJSON, JSON = "application/x-ndjson", "application/json"


def event(identity: str, subject: str = "B-1", **changes: Any) -> dict[str, Any]:
    return {**example("repayment.received"), "id": identity, "subject": subject, **changes}


def changed(**data: Any) -> bytes:
    document = event("changed")
    return json.dumps({**document, "data": {**document["data"], **data}}).encode()


def without(*path: str) -> bytes:
    document = json.loads(json.dumps(event("without")))
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return json.dumps(document).encode()


async def post(
    http: aiohttp.ClientSession, ingest: Ingest, body: bytes, content_type: str = EVENT, **headers: str
) -> tuple[int, dict[str, Any]]:
    path = "/v1/events:batch" if content_type in (BATCH, NDJSON) else "/v1/events"
    given = {"Content-Type": content_type, **headers}
    async with http.post(f"{ingest.url}{path}", data=BytesIO(body), headers=given) as answer:
        expected = "application/problem+json" if answer.status >= 400 else "application/json"
        assert answer.content_type == expected
        return answer.status, await answer.json(content_type=None)


async def on_topic(ingest: Ingest, prefix: str) -> list[Any]:
    return [
        each
        for each in await read_topic(ingest.bootstrap, ingest.topics.events)
        if json.loads(each.value)["id"].startswith(prefix)
    ]


async def test_an_accepted_event_is_on_its_borrowers_partition_by_the_time_it_is_answered(
    ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    body = json.dumps(event("one", "B-77", time="2026-03-01T10:30:00.5+01:00"), indent=2).encode()

    assert await post(http, ingest, body) == (202, {"id": "one", "verdict": "accepted"})

    (record,) = await on_topic(ingest, "one")
    assert (record.key, record.partition) == (b"B-77", partition_of(b"B-77", 4))
    assert record.value == accept(body).value
    assert json.loads(record.value)["time"] == "2026-03-01T09:30:00.500000Z"
    assert dict(record.headers) == {"content-type": EVENT.encode()}


async def test_binary_mode_gives_the_same_bytes_as_structured_mode(ingest: Ingest, http: aiohttp.ClientSession) -> None:
    document = event("mode-s", "B-é".replace("é", "e"))
    headers = {f"ce-{name}": value for name, value in document.items() if name not in ("data", "id")}

    await post(http, ingest, json.dumps(document).encode())
    answer = await post(http, ingest, json.dumps(document["data"]).encode(), JSON, **headers, **{"ce-id": "mode-b%2F"})

    assert answer == (202, {"id": "mode-b/", "verdict": "accepted"})
    one, other = sorted((await on_topic(ingest, "mode-")), key=lambda record: record.offset)
    assert other.value == one.value.replace(b"mode-s", b"mode-b/")


@pytest.mark.parametrize("content_type", [BATCH, NDJSON])
async def test_a_bad_event_never_rejects_its_neighbours(
    ingest: Ingest, http: aiohttp.ClientSession, content_type: str
) -> None:
    kind = "array" if content_type == BATCH else "lines"
    good = [json.dumps(event(f"{kind}-{number}")).encode() for number in range(3)]
    bodies = [good[0], changed(amount="-1"), good[1], json.dumps({**event("x"), "type": "no"}).encode(), good[2]]
    body = b"[" + b",".join(bodies) + b"]" if content_type == BATCH else b"\n".join(bodies)

    status, answer = await post(http, ingest, body, content_type)

    assert status == 202
    assert answer["verdicts"] == ["accepted", "refused", "accepted", "refused", "accepted"]
    assert (answer["accepted"], answer["refused"], answer["unknown"]) == (3, 2, 0)
    first, second = answer["problems"]
    assert (first["index"], first["id"], first["errors"][0]["pointer"]) == (1, "changed", "/data/amount")
    assert (second["index"], second["id"], second["errors"][0]["pointer"]) == (3, "x", "/type")
    assert [json.loads(each.value)["id"] for each in await on_topic(ingest, f"{kind}-")] == [
        f"{kind}-{number}" for number in range(3)
    ]


async def test_a_broken_line_is_named_by_its_number_and_the_others_are_taken(
    ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    body = (
        b"\n\r\n"
        + json.dumps(event("line-1")).encode()
        + b"\r\n{broken\n\xff\xfe\n"
        + json.dumps(event("line-2")).encode()
    )

    status, answer = await post(http, ingest, body, NDJSON)

    assert (status, answer["verdicts"]) == (202, ["accepted", "refused", "refused", "accepted"])
    broken, bad_text = (problem["errors"][0]["detail"] for problem in answer["problems"])
    assert broken.startswith("line 4: expected one JSON object")
    assert bad_text.startswith("line 5: expected one JSON object")
    assert len(await on_topic(ingest, "line-")) == 2


async def test_the_clock_reaches_every_partition_after_all_that_stands_before_it(
    ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    clock = {**example("clock.advanced"), "id": "clock-1"}
    events = [*(event(f"clock-a{number}", f"B-{number}") for number in range(40)), clock, event("clock-b", "B-0")]
    body = b"\n".join(json.dumps(each).encode() for each in events)

    status, answer = await post(http, ingest, body, NDJSON)

    assert (status, answer["accepted"]) == (202, 42)
    for partition in range(4):
        ids = [json.loads(each.value)["id"] for each in await on_topic(ingest, "clock-") if each.partition == partition]
        assert ids.count("clock-1") == 1
        assert all(each.startswith("clock-a") for each in ids[: ids.index("clock-1")])
        assert ids[ids.index("clock-1") + 1 :] == (["clock-b"] if partition == partition_of(b"B-0", 4) else [])


SINGLE: dict[str, tuple[bytes, str, str]] = {
    "wrong type": (changed(amount=12.5), "/data/amount", "expected an amount above zero as a decimal string"),
    "unknown currency": (changed(currency="XXX"), "/data/currency", "expected an ISO 4217 currency code"),
    "negative amount": (changed(amount="-5.00"), "/data/amount", "expected an amount above zero"),
    "zero amount": (changed(amount="0"), "/data/amount", "expected an amount above zero"),
    "huge exponent": (changed(amount="1e999999999"), "/data/amount", "expected an amount above zero"),
    "endless precision": (changed(amount="1." + "3" * 5_000), "/data/amount", "expected an amount above zero"),
    "NaN": (changed(amount=float("nan")), "/data/amount", "expected an amount above zero"),
    "NaN as text": (changed(amount="NaN"), "/data/amount", "expected an amount above zero"),
    "digits of another script": (changed(amount="١٢"), "/data/amount", "expected an amount above zero"),
    "year 99999": (changed(value_date="99999-01-01"), "/data/value_date", "expected a calendar day"),
    "no such day": (changed(value_date="2026-02-30"), "/data/value_date", "expected a calendar day"),
    "time without offset": (json.dumps(event("x", time="2026-03-01T09:30:00")).encode(), "/time", "RFC 3339"),
    "time as a number": (json.dumps(event("x", time=1_700_000_000)).encode(), "/time", "RFC 3339"),
    "missing subject": (without("subject"), "/subject", "expected this field, it is missing"),
    "missing amount": (without("data", "amount"), "/data/amount", "expected this field, it is missing"),
    "missing type": (without("type"), "/type", "expected one of the event types"),
    "unknown type": (json.dumps(event("x", type="loan.lost")).encode(), "/type", "got 'loan.lost'"),
    "misspelt field": (changed(ammount="1.00"), "/data/ammount", "is it misspelt?"),
    "subject of the clock": (json.dumps(event("x", CONTROL_SUBJECT)).encode(), "/subject", "on control events"),
    "another version": (json.dumps(event("x", specversion="0.3")).encode(), "/specversion", "expected '1.0'"),
    "no object": (b"[1, 2]", "", "expected a JSON object"),
    "broken JSON": (b'{"specversion": "1.0", ', "", "expected one JSON object"),
    "bad UTF-8": (b'{"id": "\xff"}', "", "expected one JSON object"),
    "nothing": (b"", "", "expected one JSON object"),
    "deep nesting": (b'{"data":' * 20_000, "", "expected one JSON object"),
}


@pytest.mark.parametrize(("body", "pointer", "expectation"), SINGLE.values(), ids=SINGLE)
async def test_bad_input_is_answered_with_the_field_and_what_was_expected_there(
    ingest: Ingest, http: aiohttp.ClientSession, body: bytes, pointer: str, expectation: str
) -> None:
    status, answer = await post(http, ingest, body)

    assert (status, answer["status"], answer["title"]) == (400, 400, "Event refused")
    assert expectation in {each["pointer"]: each["detail"] for each in answer["errors"]}[pointer]
    assert len(json.dumps(answer)) < 5_000


REQUESTS: dict[str, tuple[bytes, str, Mapping[str, str], int, str]] = {
    "10 MB": (b" " * 10_000_000, EVENT, {}, 413, "expected a body of at most 262144 bytes"),
    "10 MB batch": (b"\n" * 10_000_000, NDJSON, {}, 413, "expected a body of at most 1048576 bytes"),
    "1,001 events": (b"{}\n" * 1_001, NDJSON, {}, 413, "expected a batch of at most 1000 events, got 1001"),
    "wrong content type": (b"{}", "text/plain", {}, 415, f"expected Content-Type {EVENT}, or ce- headers"),
    "JSON without ce- headers": (b"{}", JSON, {}, 415, f"expected Content-Type {EVENT}, or ce- headers"),
    "another charset": (b"{}", f"{EVENT}; charset=utf-16", {}, 415, "in UTF-8"),
    "compressed": (b"{}", EVENT, {"Content-Encoding": "gzip"}, 415, "expected no Content-Encoding, got 'gzip'"),
    "batch that is no array": (b'{"a": 1}', BATCH, {}, 400, "expected a JSON array of events"),
    "broken array": (b"[{}, ", BATCH, {}, 400, "expected a JSON array of events"),
    "deeply nested array": (b"[" * 100_000, BATCH, {}, 400, "expected a JSON array of events"),
    "empty batch": (b"", BATCH, {}, 400, "expected a JSON array, got an empty body"),
    "no lines": (b"\n \n", NDJSON, {}, 400, "expected one event a line, got an empty body"),
}


@pytest.mark.parametrize(("body", "content_type", "headers", "status", "detail"), REQUESTS.values(), ids=REQUESTS)
async def test_a_request_that_cannot_be_taken_says_what_was_expected(
    ingest: Ingest,
    http: aiohttp.ClientSession,
    body: bytes,
    content_type: str,
    headers: Mapping[str, str],
    status: int,
    detail: str,
) -> None:
    answered, answer = await post(http, ingest, body, content_type, **headers)

    assert answered == answer["status"] == status
    assert detail in answer["detail"]


async def test_an_empty_array_is_a_batch_without_events(ingest: Ingest, http: aiohttp.ClientSession) -> None:
    status, answer = await post(http, ingest, b"[]", BATCH)

    assert (status, answer["verdicts"], answer["problems"]) == (202, [], [])


async def test_an_event_over_the_limit_in_a_batch_is_refused_alone(ingest: Ingest, http: aiohttp.ClientSession) -> None:
    large = json.dumps(event("large", trace="x" * 300_000)).encode()

    status, answer = await post(http, ingest, large + b"\n" + json.dumps(event("beside-large")).encode(), NDJSON)

    assert (status, answer["verdicts"]) == (202, ["refused", "accepted"])
    assert answer["problems"][0]["errors"][0]["detail"].startswith("expected an event of at most 262144 bytes")


async def test_what_was_taken_and_refused_is_counted_by_type_and_reason(
    ingest: Ingest, http: aiohttp.ClientSession
) -> None:
    before = await scrape(http, ingest.url)
    await post(http, ingest, b"\n".join([json.dumps(event("count")).encode(), b"{", changed(amount=1)]), NDJSON)
    after = await scrape(http, ingest.url)

    def added(name: str, **labels: str) -> float:
        return after.total(name, **labels) - before.total(name, **labels)

    assert added("bellwether_ingest_events_accepted_total", type="repayment.received") == 1
    assert added("bellwether_ingest_events_refused_total", reason="malformed") == 1
    assert added("bellwether_ingest_events_refused_total", reason="invalid") == 1


async def test_health_readiness_and_documents_are_open(ingest: Ingest, http: aiohttp.ClientSession) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/v1/schemas", "/v1/asyncapi"):
        async with http.get(f"{ingest.url}{path}") as answer:
            assert answer.status == 200, path
    async with http.get(f"{ingest.url}/v1/schemas/loan.closed") as answer:
        assert answer.content_type == "application/schema+json"
    async with http.get(f"{ingest.url}/v1/schemas/loan.lost") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
    async with http.get(f"{ingest.url}/v1/events") as answer:
        assert (answer.status, answer.content_type) == (405, "application/problem+json")
