"""Whatever number a lender gives a borrower or a loan, ingest takes it and every route of all services reaches it."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shared.events import example as event_example
from shared.events.fields import IDENTIFIER
from tests.contract.conftest import Running
from tests.guarded import call

IDENTIFIERS = st.from_regex(IDENTIFIER.replace("$", r"\Z"), fullmatch=True)
ODD = [
    "KE/NBO/0001",
    "/",
    "//",
    "a/",
    "a?b#c%2F;d",
    "%2e%2e",
    "...",
    ".a",
    "a/../b",
    "X/conversations",
    "X:retry",
    "\\",
]
CONTACT = {"language": "en", "time_zone": "Africa/Lagos"}


def sent(running: Running, borrower: str, loan: str) -> tuple[int, Any]:
    """What ingest says to an event about them."""
    event = event_example("loan.closed")
    event = {**event, "subject": borrower, "data": {**event["data"], "loan_id": loan}}
    kind = {"Content-Type": "application/cloudevents+json"}
    return call(running["ingest"], "POST", "/v1/events", event, **kind)


def encoded(identifier: str) -> str:
    return quote(identifier, safe="")


def each_odd(test: Any) -> Any:
    for identifier in ODD:
        test = example(identifier=identifier)(test)
    return test


@each_odd
@given(identifier=IDENTIFIERS)
@examples(max_examples=60)
def test_what_ingest_takes_is_reached_by_every_route(running: Running, identifier: str) -> None:
    path = encoded(identifier)
    if identifier != "clock":  # the control events' own
        assert sent(running, identifier, identifier)[0] == 202

    status, answer = call(running["warning"], "GET", f"/v1/borrowers/{path}")
    assert (status, answer["detail"]) == (404, f"no event of a borrower {identifier!r} has been decided")
    assert call(running["warning"], "GET", f"/v1/warnings?borrower_id={path}")[0] == 200

    notifier = running["notifier"]
    assert call(notifier, "PUT", f"/v1/contacts/{path}", CONTACT)[1]["borrower_id"] == identifier
    assert call(notifier, "GET", f"/v1/contacts/{path}")[1]["borrower_id"] == identifier
    spoken = call(notifier, "POST", f"/v1/contacts/{path}/conversations", {"loan_id": identifier})
    assert (spoken[0], spoken[1]["borrower_id"], spoken[1]["loan_id"]) == (201, identifier, identifier)
    assert call(notifier, "DELETE", f"/v1/contacts/{path}")[0] == 204
    assert call(notifier, "GET", f"/v1/deliveries?borrower={path}")[0] == 200


def test_slashes_need_no_encoding(running: Running) -> None:
    _, answer = call(running["warning"], "GET", "/v1/borrowers/KE/NBO/0001")
    assert answer["detail"] == "no event of a borrower 'KE/NBO/0001' has been decided"
    _, spoken = call(running["notifier"], "POST", "/v1/contacts/KE/NBO/0001/conversations", {})
    assert spoken["borrower_id"] == "KE/NBO/0001"


@pytest.mark.parametrize("identifier", [".", "..", "", "a b", "é", "x" * 129])
def test_what_no_url_can_hold_is_refused_at_the_gate_with_the_rule_named(running: Running, identifier: str) -> None:
    for borrower, loan, pointer in ((identifier, "L-1", "/subject"), ("B-1", identifier, "/data/loan_id")):
        status, answer = sent(running, borrower, loan)
        assert (status, answer["errors"][0]["pointer"]) == (400, pointer)
        assert "and not . or .. alone: no URL can hold those" in answer["errors"][0]["detail"]
