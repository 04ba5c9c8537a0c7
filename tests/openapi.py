"""Schemathesis against a running service: it answers what its OpenAPI document says, and never with a 5xx."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

EXAMPLES = 25
# A 503 is an answer of /readyz; nothing else may fail on our side.
NOT_ASKED = ("/readyz",)
# `positive_data_acceptance` is left out: what JSON Schema cannot say (a cursor somebody gave out, a year from 1970 to
# 2199) is refused with a 4xx, as it should be.


def answers_what_it_documents(url: str, *, headers: dict[str, str] | None = None) -> None:
    """Ask every operation EXAMPLES times. Raises what schemathesis found."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in NOT_ASKED:
            continue
        asked += 1

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(base_url=url, headers=headers, excluded_checks=[positive_data_acceptance])

        check()
    assert asked, "the document names no operation"
