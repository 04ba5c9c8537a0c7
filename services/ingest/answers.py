"""What a sender is told: one event's answer, a batch's verdicts, and why something was refused."""

from typing import Literal

import msgspec
from fastapi import Response
from pydantic import BaseModel, Field

from services.ingest.intake import Outcome, Verdict
from services.ingest.refusals import RefusedError
from shared.problems import FieldError, Problem, ProblemError

RETRY_AFTER = {"Retry-After": "1"}
_encode = msgspec.json.Encoder().encode
_STATUS = {"too_large": 413}


class EventAnswer(BaseModel):
    """The event is on the topic, on every in-sync replica."""

    id: str
    verdict: Literal["accepted"]


class EventProblem(BaseModel):
    """Why one event of a batch was refused."""

    index: int = Field(ge=0, description="Its place in the batch, from 0")
    id: str | None = Field(description="Its id, where it could be read")
    errors: list[FieldError]


class BatchAnswer(BaseModel):
    """A verdict for each event, in order. Repeat the unknown ones, or all, with the same ids."""

    accepted: int = Field(ge=0)
    refused: int = Field(ge=0)
    unknown: int = Field(ge=0)
    verdicts: list[Verdict]
    problems: list[EventProblem]


def refusal_problem(error: RefusedError) -> ProblemError:
    """A single event's refusal: 403 where it may not come from this sender, 413 where it is too large, else 400."""
    status = 403 if error.forbidden else _STATUS.get(error.reason, 400)
    return ProblemError(Problem(title="Event refused", status=status, detail=str(error)[:1000], errors=error.errors))


def not_now(detail: str) -> ProblemError:
    """Nothing is certain yet, or nothing was taken: the sender tries again."""
    return ProblemError(Problem(title="Try again", status=503, detail=detail), RETRY_AFTER)


def event_answer(event_id: str | None) -> Response:
    """202 for one accepted event."""
    return Response(_encode({"id": event_id, "verdict": "accepted"}), 202, media_type="application/json")


def batch_answer(outcome: Outcome, raws: list[bytes], lines: list[int] | None) -> Response:
    """202 where every event has its final verdict, else 503. `lines` are those of an NDJSON body."""
    verdicts = outcome.verdicts
    unknown = verdicts.count("unknown")
    body = {
        "accepted": verdicts.count("accepted"),
        "refused": len(outcome.refusals),
        "unknown": unknown,
        "verdicts": verdicts,
        "problems": [
            {"index": index, "id": event_id(raws[index]), "errors": _errors(error, lines[index] if lines else None)}
            for index, error in outcome.refusals.items()
        ],
    }
    headers = RETRY_AFTER if unknown else None
    return Response(_encode(body), 503 if unknown else 202, headers, media_type="application/json")


def event_id(raw: bytes) -> str | None:
    """The id an event gives itself, where it can be read at all."""
    try:
        return msgspec.json.decode(raw, type=_WithId).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


class _WithId(msgspec.Struct):
    id: str


def _errors(error: RefusedError, line: int | None) -> list[dict[str, str]]:
    broken = line is not None and error.reason == "malformed"
    return [
        {"pointer": each.pointer, "detail": f"line {line}: {each.detail}" if broken else each.detail}
        for each in error.errors
    ]
