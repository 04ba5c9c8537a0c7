"""What a case is: a text or a message, what comes of it, and the rule for it."""

import json
from dataclasses import dataclass, field
from typing import Any

from shared.events import example

EVENT: dict[str, Any] = {**example("repayment.received"), "id": "case-1", "time": "2026-06-30T23:59:59Z"}
EVENT["data"] = {**EVENT["data"], "value_date": "2026-06-30"}
DATA = json.dumps(EVENT["data"]).encode()
STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Text:
    """One event as a JSON text: taken, and then it is EVENT with these changes; or refused, and then it is told so."""

    name: str
    section: str
    text: bytes
    means: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None
    after: str = ""
    sdk: bool = True
    """Whether the CNCF's SDK for Python, the judge of what is taken, reads it as the specification says."""


@dataclass(frozen=True)
class Message:
    """One event as headers and a body, or as a record's headers and its value."""

    name: str
    section: str
    headers: list[tuple[str, str]]
    body: bytes
    means: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None
    status: int = 202
    after: str = ""


def changed(**changes: Any) -> bytes:
    """EVENT as a text, with these changes."""
    return json.dumps({**EVENT, **changes}).encode()
