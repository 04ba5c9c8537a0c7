"""No text of any body is an error of ours: a NUL, or half of a character, is a 4xx that names its field."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.services import ServiceName
from tests.contract.conftest import Running
from tests.guarded import call

ID = "00000000-0000-0000-0000-000000000001"
SOON = "2199-01-01T00:00:00Z"
WORDS = {
    name: ["x"]
    for name in (
        "borrower", "loan", "rule", "family", "segment", "product", "region", "branch", "lender_unit",
        "relationship_manager", "group",
    )
}  # fmt: skip
BODIES: dict[tuple[ServiceName, str, str], dict[str, Any]] = {
    ("warning", "POST", "/v1/warnings/{warning_id}/acknowledgements"): {"by": "a", "note": "b", "id": ID},
    ("notifier", "POST", "/v1/warnings/{warning_id}/acknowledgements"): {"by": "a", "note": "b", "id": ID},
    ("notifier", "POST", "/v1/silences"): {
        "match": {"level": ["red"], "kind": ["raised"], "cause": ["time"], **WORDS},
        "author": "a", "reason": "b", "begins_at": SOON, "ends_at": SOON,
    },
    ("notifier", "POST", "/v1/replays"): {
        "receiver": "journal", "borrower": "B", "warning_id": ID, "from": SOON, "to": SOON,
    },
    ("notifier", "PUT", "/v1/contacts/{borrower_id}"): {
        "language": "en", "time_zone": "Africa/Lagos", "phone": "+254700000001", "email": "a@b.example",
        "consents": ["sms"],
    },
    ("notifier", "POST", "/v1/contacts/{borrower_id}/conversations"): {"loan_id": "L", "at": "2026-01-01T00:00:00Z"},
}  # fmt: skip
WRONG = {"NUL": "a\0b", "half of a character": "\ud800"}


def places(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where texts are within a body."""
    if isinstance(value, str):
        yield path
        return
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in entries:
        yield from places(each, *path, name)


def put(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    """The body with another text at one place."""
    if not path:
        return text
    changed: Any = value.copy()
    changed[path[0]] = put(value[path[0]], path[1:], text)
    return changed


CASES = [(*route, path) for route, body in BODIES.items() for path in places(body)]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(("service", "method", "path", "place"), CASES)
def test_a_text_that_no_table_can_hold_is_refused_by_the_name_of_its_field(
    running: Running, service: ServiceName, method: str, path: str, place: tuple[str | int, ...], wrong: str
) -> None:
    body = put(BODIES[service, method, path], place, wrong)
    status, answer = call(running[service], method, path.format(warning_id=ID, borrower_id="B"), body)
    assert status == 422
    assert [each["pointer"] for each in answer["errors"]] == ["/body/" + "/".join(map(str, place))]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(("service", "method", "path"), BODIES)
def test_a_field_of_such_a_name_is_refused(
    running: Running, service: ServiceName, method: str, path: str, wrong: str
) -> None:
    body = {**BODIES[service, method, path], wrong: 1}
    assert call(running[service], method, path.format(warning_id=ID, borrower_id="B"), body)[0] == 422


@pytest.mark.parametrize("service", ["warning", "notifier"])
def test_every_body_with_texts_is_among_those_tried(running: Running, service: ServiceName) -> None:
    _, document = call(running[service], "GET", "/openapi.json")
    found = {
        (service, method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert found == {each for each in BODIES if each[0] == service}


@pytest.mark.parametrize("path", ["/v1/warnings", "/v1/deliveries", "/v1/silences"])
@pytest.mark.parametrize("cursor", ["MDAwMDAwMDAwMDAwMDAwMDAwMDA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%00", "%ED%A0%80"])
def test_a_crafted_cursor_is_a_400(running: Running, path: str, cursor: str) -> None:
    service: ServiceName = "warning" if path == "/v1/warnings" else "notifier"
    assert call(running[service], "GET", f"{path}?cursor={cursor}")[0] == 400
