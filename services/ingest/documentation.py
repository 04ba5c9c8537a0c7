"""The OpenAPI of the routes that read raw bodies, written by hand from the same models."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.ingest.answers import BatchAnswer, EventAnswer
from services.ingest.bodies import BATCH, EVENT, JSON, NDJSON
from shared.events import DATA_MODELS, ENVELOPES, example
from shared.problems import MEDIA_TYPE, Problem

REF = "#/components/schemas/{model}"
_ANY_EVENT = {
    "oneOf": [{"$ref": REF.format(model=model.__name__)} for model in ENVELOPES.values()],
    "discriminator": {
        "propertyName": "type",
        "mapping": {name: REF.format(model=model.__name__) for name, model in ENVELOPES.items()},
    },
}
_EVENT_REF = {"$ref": REF.format(model="AnyEvent")}
_EXAMPLES = {name: {"value": example(name)} for name in ENVELOPES}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait before trying again", "schema": {"type": "string"}}}


def _content(model: type[BaseModel], media_type: str = JSON) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": REF.format(model=model.__name__)}}}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": _content(Problem, MEDIA_TYPE)}


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: _problem("It cannot be read, or is no valid event; names the field and what was expected there"),
    401: _problem("No API key"),
    403: _problem("The key may not do this"),
    408: _problem("The body took too long"),
    413: _problem("The body is too large"),
    415: _problem("The content type is not one of those listed"),
}


def _attribute(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": f"ce-{name}", "in": "header", "required": False, "schema": schema, "description": description}


_BINARY_MODE = "Binary mode only"
_HEADERS = [
    _attribute("specversion", {"const": "1.0"}, _BINARY_MODE),
    _attribute("id", {"type": "string"}, _BINARY_MODE),
    _attribute("source", {"type": "string"}, _BINARY_MODE),
    _attribute("type", {"enum": list(DATA_MODELS)}, _BINARY_MODE),
    _attribute("subject", {"type": "string"}, _BINARY_MODE),
    _attribute("time", {"type": "string", "format": "date-time"}, _BINARY_MODE),
]

SEND_EVENT: dict[str, Any] = {
    "description": "One CloudEvent, in structured mode, or in binary mode with `ce-` headers.",
    "responses": {
        202: {"description": "Every in-sync replica has the event", "content": _content(EventAnswer)},
        **_REFUSALS,
        503: {**_problem("Unknown whether it was taken: repeat it with the same id"), "headers": _RETRY_AFTER},
    },
    "openapi_extra": {
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {
                EVENT: {"schema": _EVENT_REF, "examples": _EXAMPLES},
                JSON: {
                    "schema": {"oneOf": [{"$ref": REF.format(model=model.__name__)} for model in DATA_MODELS.values()]}
                },
            },
        },
    },
}

SEND_BATCH: dict[str, Any] = {
    "description": "A verdict for each event; a bad event never rejects its neighbours.",
    "responses": {
        202: {"description": "Every event has its final verdict", "content": _content(BatchAnswer)},
        **_REFUSALS,
        503: {
            "description": "Some verdicts are unknown: repeat those events, or all, with the same ids",
            "content": _content(BatchAnswer),
            "headers": _RETRY_AFTER,
        },
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                BATCH: {"schema": {"type": "array", "items": _EVENT_REF}},
                NDJSON: {"schema": {"type": "string", "description": "One structured event a line"}},
            },
        },
    },
}

SCHEMA: dict[str, Any] = {
    "responses": {
        200: {"description": "JSON Schema 2020-12", "content": {"application/schema+json": {"schema": {}}}},
        404: _problem("No such event type"),
    },
}


def component_schemas() -> dict[str, Any]:
    """Every event, data and answer model, by name."""
    models: list[type[BaseModel]] = [*ENVELOPES.values(), *DATA_MODELS.values(), Problem, EventAnswer, BatchAnswer]
    _, document = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    return {"AnyEvent": _ANY_EVENT, **document["$defs"]}


class IngestApp(FastAPI):
    """FastAPI with the schemas that the routes above point to."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title, version=self.version, description=self.description, routes=self.routes
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            self.openapi_schema = {
                **document,
                "components": {**document["components"], "schemas": schemas | component_schemas()},
            }
        return self.openapi_schema
