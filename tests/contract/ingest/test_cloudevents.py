"""CloudEvents as its text has it, in every mode: `cloudevents` is the table, the CNCF's SDK for Python a judge."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from cloudevents.core.bindings import http as sdk_http
from cloudevents.core.bindings import kafka as sdk_kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from services.ingest.admission import Admission, Sender
from services.ingest.inbound.record import structured
from services.ingest.refusals import RefusedError
from services.warning.core.records import read
from services.warning.replay.lines import BadLineError, event_of
from shared.clock import WallClock
from shared.events import accept
from shared.kafka.topics import Topics
from tests.contract.ingest.cloudevents.cases import BATCHED, EVENT, STRUCTURED, Message, Text
from tests.contract.ingest.cloudevents.messages import HTTP, KAFKA
from tests.contract.ingest.cloudevents.texts import TEXTS
from tests.integration.ingest.conftest import Ingest, start_ingest
from tests.kafka_records import read_topic

GATE = Admission(WallClock(), future_limit=None, event_clock=False).gate(Sender(None, may_move_clock=False))
TAKEN = [each for each in TEXTS if each.refused is None]


def _named(cases: Sequence[Text] | Sequence[Message]) -> list[Any]:
    return [pytest.param(each, id=f"{each.section}: {each.name}") for each in cases]


def _canonical(means: dict[str, Any]) -> bytes:
    return accept(json.dumps({**EVENT, **means}).encode()).value


@pytest.mark.parametrize("case", _named(TEXTS))
def test_a_text_is_taken_as_what_it_means_or_refused_by_a_rule(case: Text) -> None:
    if case.refused is None:
        assert GATE.admit(case.text).value == _canonical(case.means)
        return
    with pytest.raises(RefusedError) as refused:
        GATE.admit(case.text)
    assert case.refused in str(refused.value)


@pytest.mark.parametrize("case", _named(TEXTS))
def test_a_line_of_a_replay_is_taken_or_refused_as_ingest_would(case: Text) -> None:
    if case.refused is None:
        assert event_of(case.text) == read(_canonical(case.means))
        return
    with pytest.raises(BadLineError):
        event_of(case.text)


@pytest.mark.parametrize("case", _named(KAFKA))
def test_a_record_is_read_in_the_mode_that_it_is_in(case: Message) -> None:
    headers = [(name, value.encode()) for name, value in case.headers]
    if case.refused is None:
        assert GATE.admit(structured(case.body, headers)).value == _canonical(case.means)
        return
    with pytest.raises(RefusedError) as refused:
        GATE.admit(structured(case.body, headers))
    assert case.refused in str(refused.value)


@pytest.mark.parametrize("case", _named([each for each in TAKEN if each.sdk]))
def test_the_sdk_reads_the_same_event_from_what_was_sent_and_from_what_we_publish(case: Text) -> None:
    sent, published = (_read_by_sdk(each) for each in (case.text, accept(case.text).value))
    assert published == sent


def _read_by_sdk(text: bytes) -> tuple[dict[str, Any], Any]:
    event = JSONFormat().read(CloudEvent, text)
    attributes = {name: value for name, value in event.get_attributes().items() if value is not None}
    # One that says nothing else than what holds without it (core, datacontenttype).
    if str(attributes.get("datacontenttype")).lower() in ("application/json", "application/json; charset=utf-8"):
        del attributes["datacontenttype"]
    data = event.get_data()
    return attributes, json.loads(data) if isinstance(data, bytes) else data


def _from_sdk(**attributes: Any) -> CloudEvent:
    ours = {name: value for name, value in EVENT.items() if name not in ("data", "time")}
    time = accept(json.dumps(EVENT).encode()).event.time
    return CloudEvent({**ours, "time": time, **attributes}, EVENT["data"])


@pytest.mark.parametrize("attributes", [{}, {"note": '€ 100% "x"'}, {"datacontenttype": "application/ld+json"}])
def test_what_the_sdk_writes_to_kafka_is_one_event_in_both_modes(attributes: dict[str, Any]) -> None:
    event = _from_sdk(**attributes)
    for message in (sdk_kafka.to_binary_event(event), sdk_kafka.to_structured_event(event)):
        headers = [(name, value) for name, value in message.headers.items()]
        assert message.value is not None
        assert GATE.admit(structured(_bytes(message.value), headers)).value == _canonical(attributes)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@pytest.fixture(scope="module")
def ingest(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    logs = tmp_path_factory.mktemp("logs")
    started = start_ingest(embedded_broker, Topics("cloudevents."), logs, INGEST_INBOUND="off")
    yield started
    assert started.service.process.stop() == 0
    assert "Traceback" not in started.service.process.log_text()


async def _post(ingest: Ingest, path: str, headers: list[tuple[str, str]], body: bytes) -> tuple[int, Any]:
    """Over a socket and nothing else: a client's library would put the headers right."""
    place = urlsplit(ingest.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    own = [("Host", "x"), ("Connection", "close"), ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in [*own, *headers])
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    status, _, content = answer.partition(b"\r\n\r\n")
    return int(status.split()[1]), json.loads(content)


@pytest.mark.parametrize("case", _named(HTTP))
async def test_a_request_is_answered_as_the_binding_says(ingest: Ingest, case: Message) -> None:
    status, answer = await _post(ingest, "/v1/events", case.headers, case.body)
    assert status == case.status, answer
    if case.refused is not None:
        assert case.refused in answer["detail"]
        return
    assert answer == {"id": case.means.get("id", EVENT["id"]), "verdict": "accepted"}
    assert (await read_topic(ingest.bootstrap, ingest.topics.events))[-1].value == _canonical(case.means)


async def test_a_batch_has_a_verdict_for_each_text_as_it_would_have_alone(ingest: Ingest) -> None:
    whole = [each for each in TEXTS if _parses(each.text)]  # what is no JSON ends a batch
    expected = ["refused" if each.refused else "accepted" for each in whole]
    body = b"[" + b",".join(each.text for each in whole) + b"]"
    status, answer = await _post(ingest, "/v1/events:batch", [("Content-Type", f"{BATCHED}; charset=UTF-8")], body)
    assert (status, answer["verdicts"]) == (202, expected)

    lines = b"\n".join(each.text for each in TEXTS)
    status, answer = await _post(ingest, "/v1/events:batch", [("Content-Type", "application/x-ndjson")], lines)
    expected = ["refused" if each.refused else "accepted" for each in TEXTS]
    assert (status, answer["verdicts"]) == (202, expected)


def _parses(text: bytes) -> bool:
    try:
        json.loads(text.decode(), parse_constant=int)
    except ValueError:
        return False
    return b"udead" not in text


async def test_an_empty_batch_is_a_batch(ingest: Ingest) -> None:
    """http 3.3.2, json 4.3; sdk-javascript batch_test."""
    status, answer = await _post(ingest, "/v1/events:batch", [("Content-Type", BATCHED)], b"[]")
    assert (status, answer["verdicts"]) == (202, [])


async def test_what_the_sdk_writes_to_http_is_one_event_in_both_modes(ingest: Ingest) -> None:
    event = _from_sdk(note='€ 100% "x"', datacontenttype="application/json; charset=utf-8")
    async with aiohttp.ClientSession() as session:
        for message in (sdk_http.to_binary_event(event), sdk_http.to_structured_event(event)):
            async with session.post(f"{ingest.url}/v1/events", data=message.body, headers=message.headers) as answer:
                assert answer.status == 202, await answer.text()
            last = (await read_topic(ingest.bootstrap, ingest.topics.events))[-1]
            assert last.value == _canonical({"note": '€ 100% "x"'})
            assert (await read_topic(ingest.bootstrap, ingest.topics.events))[-1].headers == (
                ("content-type", STRUCTURED.encode()),
            )
