"""Errors over HTTP: RFC 9457 problem+json, each naming what was expected and where."""

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
SHOWN_INPUT_CHARACTERS = 60


class FieldError(BaseModel):
    """One thing wrong with a request: where it is and what was expected there."""

    pointer: str = Field(description="JSON pointer to the field, for example /data/amount")
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class ProblemError(Exception):
    """Raise it anywhere under a request; the caller gets the problem and the headers."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(), status_code=problem.status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def http_problem(error: HTTPException) -> Problem:
    """What Starlette or a dependency refused with, as a problem."""
    return Problem(title="Request refused", status=error.status_code, detail=str(error.detail))


def field_errors(errors: Sequence[Any], drop: int = 0) -> list[FieldError]:
    """Pydantic's errors as JSON pointers; `drop` leading parts of each location are not the caller's."""
    return [
        FieldError(
            pointer="/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"][drop:]),
            detail=_sentence(error),
        )
        for error in errors
    ]


def _sentence(error: Any) -> str:
    said = str(error["msg"])
    given = error.get("input")
    if error["type"] == "missing" or isinstance(given, dict | list):
        return said
    shown = repr(given)
    if len(shown) > SHOWN_INPUT_CHARACTERS:
        shown = shown[:SHOWN_INPUT_CHARACTERS] + "…"
    return f"{said}; got {shown}"


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error the app answers a problem document, and have its OpenAPI document say so."""
    described = app.openapi
    app.openapi = lambda: _with_problems(described())  # type: ignore[method-assign]

    @app.exception_handler(ProblemError)
    async def raised(_: Request, error: ProblemError) -> JSONResponse:
        _let_go(error)
        return problem_response(error.problem, error.headers)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        _let_go(error)
        return problem_response(http_problem(error), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        _let_go(error)
        found = field_errors(error.errors())
        detail = "; ".join(f"{each.pointer}: {each.detail}" for each in found[:3])
        return problem_response(Problem(title="Invalid request", status=422, detail=detail, errors=found))


def _let_go(error: Exception) -> None:
    """Have nothing of a refused request kept by its error.

    FastAPI names the error it raises in the frame that raises it: a cycle that holds the body until the collector
    comes, which `shared/collector.py` has come seldom. 1,000 broken bodies of 64 kB were 64 MB that stayed.
    """
    traceback.clear_frames(error.__traceback__)


_REF = {"$ref": "#/components/schemas/Problem"}
_ERRORS = ("/HTTPValidationError", "/Problem")
_GUARDED = {"401": "No API key, or not a known one", "403": "The key lacks the scope"}
_BOUNDED = {"408": "The body took too long", "413": "The body is too large"}


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with FastAPI's own description of errors put right. Changing it twice changes nothing more."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("FieldError", FieldError.model_json_schema())
    schemas.setdefault("Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
    schemas["Problem"].pop("$defs", None)
    for operations in document["paths"].values():
        for operation in operations.values():
            _put_right(operation)
    return document


def _put_right(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    refusals = {
        **(_GUARDED if operation.get("security") else {}),
        **(_BOUNDED if "requestBody" in operation else {}),
    }
    for status, description in refusals.items():
        responses.setdefault(status, {"description": description, "content": {MEDIA_TYPE: {"schema": _REF}}})
    for status, response in responses.items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        if int(status) >= 400 and str(schema.get("$ref", "")).endswith(_ERRORS):
            response["content"] = {MEDIA_TYPE: {"schema": _REF}}
