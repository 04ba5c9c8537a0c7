"""Whatever is sent, ingest answers as its OpenAPI document says, and never with a server error of its own."""

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as example_settings
from prometheus_client import CollectorRegistry
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.ingest.api import Ingest
from services.ingest.intake import Intake
from services.ingest.metrics import Metrics
from services.ingest.service import admission, build_app, publisher
from services.ingest.settings import IngestSettings
from shared.auth import Keyring
from shared.clock import WallClock
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics
from tests.integration.ingest.conftest import Ingest as Running
from tests.integration.ingest.conftest import start_ingest

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def running(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    logs = tmp_path_factory.mktemp("logs")
    started = start_ingest(embedded_broker, Topics("openapi."), logs, INGEST_INBOUND="off")
    yield started
    assert started.service.process.stop() == 0
    assert "Traceback" not in started.service.process.log_text()


def _document() -> dict[str, Any]:
    """What `/openapi.json` answers."""
    settings, registry = IngestSettings(), CollectorRegistry()
    rules, metrics = admission(settings, WallClock()), Metrics(registry)
    sender = publisher(settings, Producer(settings, client_id="never connected"), metrics)
    ingest = Ingest(settings, Intake(rules, sender, metrics), sender)
    return build_app(ingest, Keyring(None), registry, {}).openapi()


@schemathesis.serializer("application/x-ndjson")
def lines(_: object, value: object) -> bytes:
    """Text as it is; of anything else that is tried, its JSON."""
    return value.encode(errors="replace") if isinstance(value, str) else json.dumps(value).encode()


schema = schemathesis.openapi.from_dict(_document())


@schema.parametrize()
@example_settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(case: Case[Any], running: Running) -> None:
    case.call_and_validate(base_url=running.url, checks=CHECKS)


async def test_the_document_is_what_the_service_answers(running: Running) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{running.url}/openapi.json") as answer:
        assert await answer.json() == _document()
