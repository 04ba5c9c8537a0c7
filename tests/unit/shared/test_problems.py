"""Errors are problem documents that lead to the field."""

from typing import Any

import pytest
from starlette.exceptions import HTTPException

from shared.problems import MEDIA_TYPE, Problem, field_errors, http_problem, problem_response


def error(**changes: Any) -> dict[str, Any]:
    return {"type": "expected", "loc": ("body", "a/b", 0, "c~d"), "msg": "expected a number", "input": "x", **changes}


def test_a_pointer_is_escaped_and_what_is_not_the_callers_dropped() -> None:
    (shown,) = field_errors([error()], drop=1)
    assert (shown.pointer, shown.detail) == ("/a~1b/0/c~0d", "expected a number; got 'x'")


@pytest.mark.parametrize("given", [{"a": 1}, [1]])
def test_what_is_long_is_cut_and_what_is_nested_left_out(given: Any) -> None:
    (long, nested, missing) = field_errors([error(input="y" * 100), error(input=given), error(type="missing")])
    assert long.detail == "expected a number; got '" + "y" * 59 + "…"
    assert nested.detail == missing.detail == "expected a number"


def test_a_problem_is_answered_with_its_status_type_and_headers() -> None:
    response = problem_response(Problem(title="No", status=503, detail="later"), {"Retry-After": "1"})
    assert (response.status_code, response.media_type, response.headers["retry-after"]) == (503, MEDIA_TYPE, "1")


def test_a_refusal_of_the_framework_becomes_a_problem() -> None:
    assert http_problem(HTTPException(404, "nothing here")).model_dump(exclude={"errors"}) == {
        "type": "about:blank",
        "title": "Request refused",
        "status": 404,
        "detail": "nothing here",
    }
