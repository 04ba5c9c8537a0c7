"""Why an event is refused: one word for the counters, and plain words for its sender."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.events import DATA_MODELS
from shared.kafka.refusals import REFUSED_BY_BROKER
from shared.problems import FieldError, field_errors

SHOWN_ERRORS = 10
_SHOULD = re.compile(r"^(\w[\w ]*?) should ")

_REASONS = {
    "byte_order_mark": "malformed",
    "json_invalid": "malformed",
    "not_json": "malformed",
    "not_utf_8": "malformed",
    "repeated_name": "malformed",
    "event_too_large": "too_large",
    "union_tag_not_found": "unknown_type",
    "union_tag_invalid": "unknown_type",
    "misdated": "misdated",
}
_KNOWN_TYPES = f"expected one of the event types {', '.join(DATA_MODELS)}"
_WORDS = {
    "missing": "expected this field, it is missing",
    "extra_forbidden": "expected no field of this name here; is it misspelt?",
    "dict_type": "expected a JSON object",
    "model_type": "expected a JSON object",
    "model_attributes_type": "expected a JSON object",
    "union_tag_not_found": f"{_KNOWN_TYPES}; the event has none",
}


class RefusedError(Exception):
    """This event will never be accepted as it is. `forbidden`: not from this sender, whatever it says."""

    def __init__(self, reason: str, errors: Sequence[FieldError], *, forbidden: bool = False) -> None:
        self.reason = reason
        self.errors = list(errors)
        self.forbidden = forbidden
        super().__init__("; ".join(f"{each.pointer or 'the event'}: {each.detail}" for each in self.errors))


def refused(reason: str, pointer: str, detail: str, *, forbidden: bool = False) -> RefusedError:
    """A refusal with one cause."""
    return RefusedError(reason, [FieldError(pointer=pointer, detail=detail)], forbidden=forbidden)


def refused_by_broker(why: str) -> RefusedError:
    """Kafka will never take the event as it is, nor will another attempt change that."""
    detail = f"expected an event that topic events takes; Kafka refused it for good: {why}"
    return refused(REFUSED_BY_BROKER, "", detail)


def invalid(error: ValidationError) -> RefusedError:
    """What the models said, in plain words; at most SHOWN_ERRORS of it."""
    found = error.errors(include_url=False, include_context=True)
    reason = _REASONS.get(found[0]["type"], "invalid")
    return RefusedError(reason, [_field_error(each) for each in found[:SHOWN_ERRORS]])


def _field_error(error: Mapping[str, Any]) -> FieldError:
    kind = error["type"]
    if kind.startswith("union_tag"):
        detail = _WORDS.get(kind) or f"{_KNOWN_TYPES}; got {error['ctx']['tag']!r:.80}"
        return FieldError(pointer="/type", detail=detail)
    if kind == "json_invalid":
        return FieldError(pointer="", detail=f"expected one JSON object: {error['ctx']['error']}")
    words = _WORDS.get(kind) or _expected(error["msg"])
    if kind in ("missing", "extra_forbidden") or (error["input"] is None and "said" in error.get("ctx", ())):
        error = {**error, "type": "missing"}  # what was given adds nothing to these
    (shown,) = field_errors([{**error, "msg": words}], drop=_leading_tag(error["loc"]))
    return shown if error["loc"] else FieldError(pointer="", detail=shown.detail)


def _expected(said: str) -> str:
    """What pydantic says should be, as every refusal says it."""
    if said.startswith("Input should be "):
        return said.replace("Input should be", "expected", 1)
    return _SHOULD.sub(lambda found: f"expected {found[1].lower()} to ", said, count=1)


def _leading_tag(location: tuple[int | str, ...]) -> int:
    """Pydantic puts the chosen member of the union first; it is no part of what the sender wrote."""
    return 1 if location and location[0] in DATA_MODELS else 0
