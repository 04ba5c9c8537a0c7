"""What events look like, for senders and for tools that write code: JSON Schema and AsyncAPI."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.ingest import documentation
from services.ingest.asyncapi import asyncapi
from services.ingest.bodies import problem
from shared.events import DATA_MODELS, json_schema
from shared.kafka.topics import Topics


class EventType(BaseModel):
    """One event type and where its schema is."""

    type: str
    description: str
    schema_url: str


class EventTypes(BaseModel):
    """All the types there are."""

    types: list[EventType]


def schemas_router(topics: Topics) -> APIRouter:
    """`/v1/schemas`, `/v1/schemas/{type}` and `/v1/asyncapi`; open to anyone, they hold no data."""
    router = APIRouter(prefix="/v1", tags=["schemas"])
    document = asyncapi(topics)

    @router.get("/schemas", summary="The event types")
    async def event_types() -> EventTypes:
        return EventTypes(
            types=[
                EventType(type=name, description=(model.__doc__ or "").strip(), schema_url=f"/v1/schemas/{name}")
                for name, model in DATA_MODELS.items()
            ]
        )

    @router.get("/schemas/{event_type}", summary="One event type's JSON Schema", **documentation.SCHEMA)
    async def schema(event_type: str) -> JSONResponse:
        if event_type not in DATA_MODELS:
            known = ", ".join(DATA_MODELS)
            raise problem(404, "No such event type", f"expected one of {known}; got {event_type[:80]!r}")
        return JSONResponse(json_schema(event_type), media_type="application/schema+json")

    @router.get("/asyncapi", summary="The topics, as an AsyncAPI 3.0 document")
    async def asyncapi_document() -> dict[str, Any]:
        return document

    return router
