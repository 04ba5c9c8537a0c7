"""What a channel says of one attempt. Nothing else of a channel's failure is known outside of it."""

from dataclasses import dataclass, replace
from datetime import timedelta

SHOWN_CHARACTERS = 2_000
"""How much of an answer or an error is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: a response code where its protocol has one, and the beginning of the text."""

    code: int | None = None
    body: str = ""


NO_ANSWER = Answer()
_THEIR_OWN_FAILURES = 500
"""A status from here on says nothing of what was done before it failed; any other that asks again is a no."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other side has taken responsibility for the message."""

    answer: Answer = NO_ANSWER


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later: not before `after` has passed, where the other side asked for that."""

    why: str
    after: timedelta | None = None
    answer: Answer = NO_ANSWER
    unsent: bool = False
    """The message has not left: there was no connection, or nobody to take it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never work for this message; with `gone`, for no message to this receiver."""

    why: str
    answer: Answer = NO_ANSWER
    gone: bool = False


Verdict = Delivered | Retry | Refused


def reached(verdict: Verdict) -> bool:
    """Whether the message may have got to whom it was for: so also where nobody knows."""
    match verdict:
        case Delivered():
            return True
        case Refused():
            return False
        case Retry(answer=Answer(code=code), unsent=unsent):
            return not unsent and (code is None or code >= _THEIR_OWN_FAILURES)


def redacted(verdict: Verdict, private: str) -> Verdict:
    """The verdict without this text: verdicts are kept as they are, and addresses of borrowers are kept encrypted."""
    answer = replace(verdict.answer, body=verdict.answer.body.replace(private, "…"))
    if isinstance(verdict, Delivered):
        return replace(verdict, answer=answer)
    return replace(verdict, why=verdict.why.replace(private, "…"), answer=answer)


def shown(text: str | bytes) -> str:
    """The beginning of a foreign text, safe to store and to print: PostgreSQL keeps no NUL."""
    if isinstance(text, bytes):
        text = text[: 4 * SHOWN_CHARACTERS].decode("utf-8", errors="replace")
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:SHOWN_CHARACTERS]
