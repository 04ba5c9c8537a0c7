"""How the routes document their problems."""

from typing import Any

from shared.problems import MEDIA_TYPE, Problem

_MEANINGS = {
    400: "Not a cursor this service gave out",
    401: "No API key",
    403: "The key may not do this",
    404: "There is none of this id or name",
    409: "The delivery is not dead, or its receiver takes nothing now",
    422: "The request is not as described here",
    501: "This notifier holds no key that opens its contact directory",
    503: "The database, or Kafka, did not answer: try again",
}
_ALWAYS = (401, 403, 422, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that are problems: these, and those any route may give."""
    return {
        status: {
            "model": Problem,
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
        }
        for status in sorted({*statuses, *_ALWAYS})
    }
