"""A refusal says which field, what was expected, and what was given, in plain words and not too many."""

import json

import pytest
from pydantic import ValidationError

from services.ingest.refusals import SHOWN_ERRORS, RefusedError, invalid
from shared.events import accept, example


def refusal(document: object) -> RefusedError:
    with pytest.raises(ValidationError) as wrong:
        accept(json.dumps(document).encode())
    return invalid(wrong.value)


def test_pointers_lead_to_the_field_as_its_sender_wrote_it() -> None:
    document = example("loan.disbursed")
    document = {**document, "data": {**document["data"], "schedule": [{"due_date": "2026-02-28", "amount": "x" * 500}]}}
    (error,) = refusal(document).errors
    assert error.pointer == "/data/schedule/0/amount"
    assert error.detail.endswith("got '" + "x" * 59 + "…")


def test_a_field_with_a_slash_or_a_tilde_is_escaped_in_its_pointer() -> None:
    (error,) = refusal({**example("loan.closed"), "data": {**example("loan.closed")["data"], "a/b~c": 1}}).errors
    assert error.pointer == "/data/a~1b~0c"


def test_at_most_ten_errors_are_told() -> None:
    schedule = [{"due_date": f"2026-01-{day:02}", "amount": "-1"} for day in range(1, 31)]
    document = example("loan.disbursed")
    errors = refusal({**document, "data": {**document["data"], "schedule": schedule}}).errors
    assert len(errors) == SHOWN_ERRORS


@pytest.mark.parametrize(
    ("document", "reason", "said"),
    [
        ([], "invalid", "the event: expected a JSON object"),
        ({}, "unknown_type", "/type: expected one of the event types borrower.registered, "),
        ({"type": 5}, "unknown_type", "got '5'"),
        (
            {**example("loan.closed"), "subject": "clock"},
            "invalid",
            '/subject: expected the subject "clock" on',
        ),
        ({**example("loan.closed"), "id": "a\n"}, "invalid", "/id: expected 1 to 200 characters, none of them"),
        ({**example("loan.closed"), "x": "y" * 300_000}, "too_large", "the event: expected an event of at most 262144"),
    ],
)
def test_the_reason_is_one_word_for_the_counters(document: object, reason: str, said: str) -> None:
    refused = refusal(document)
    assert refused.reason == reason
    assert said in str(refused)
