"""How a gateway's answer is read where its status does not say it all: one value of its JSON, by a path."""

from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

Word = str | int | bool


class AnswerRule(BaseModel):
    """The value at `path` says it: delivered, later, or, with any other value, refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(pattern=r"^[^.]+(\.[^.]+)*$", description="Names and places, such as messages.0.status")
    delivered: tuple[Word, ...] = Field(min_length=1, max_length=50)
    later: tuple[Word, ...] = Field(default=(), max_length=50)


_MISSING = object()


def value_at(path: str, body: bytes) -> str | None:
    """The value as text; None where there is none, or something that is no text, number or truth value."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for step in path.split("."):
        found = _step(found, step)
    return written(found) if isinstance(found, str | int | float) else None


def written(word: object) -> str:
    """A value of YAML or JSON as text: `true` and `1` are the same in both."""
    return str(word).lower() if isinstance(word, bool) else str(word)


def _step(found: Any, step: str) -> Any:
    if isinstance(found, dict):
        return found.get(step, _MISSING)
    if isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return _MISSING
