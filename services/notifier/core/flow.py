"""How fast one receiver may be written to, and when it is left alone for a while."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.durations import Duration
from services.notifier.core.verdict import Retry, Verdict

TOO_MANY = 429
ASKING = frozenset({TOO_MANY, 503})
"""Answers over HTTP whose Retry-After speaks for the whole receiver; in a body it may be for one number or mailbox."""
_NOTHING = timedelta(0)


class Rate(BaseModel):
    """At most so many messages in so long, from all replicas together; up to `burst` of them at once.

    It holds in any stretch of `per`, wherever it begins. A `burst` above `messages` comes on top: then only the average
    keeps to the rate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: int = Field(ge=1)
    per: Duration = timedelta(minutes=1)
    burst: int = Field(default=1, ge=1)

    @property
    def interval(self) -> timedelta:
        """Between two messages when there are many. Longer than `per / messages`: a burst may come before them."""
        steady = self.messages - self.burst + 1 if self.burst <= self.messages else self.messages
        return -(-self.per // steady)  # rounded up, to a whole microsecond

    def allowed(self, next_at: datetime, now: datetime) -> int:
        """How many may go now. `next_at` is when the next one would come if they were evenly spread (GCRA)."""
        ahead = max(next_at - now, _NOTHING)
        return max(0, ((self.burst - 1) * self.interval - ahead) // self.interval + 1)

    def spent(self, next_at: datetime, now: datetime, messages: int) -> datetime:
        """`next_at` once so many have gone."""
        return max(next_at, now) + messages * self.interval

    def wait(self, next_at: datetime, now: datetime) -> timedelta:
        """Until one more may go."""
        return max(next_at - (self.burst - 1) * self.interval - now, _NOTHING)


class Breaker(BaseModel):
    """After so many failures in a row nothing is sent for `pause`, then one message tries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failures: int = Field(default=5, ge=1)
    pause: Duration = timedelta(seconds=30)
    longest: Duration = Field(default=timedelta(minutes=10), description="The pause doubles with each failed trial")
    patience: Duration = Field(
        default=timedelta(minutes=5), description="Broken for longer than this, what waits is handed to the fallback"
    )


class CircuitState(StrEnum):
    """Whether a receiver is sent to."""

    CLOSED = "closed"
    OPEN = "open"
    """Nothing is sent."""
    HALF_OPEN = "half_open"
    """One message tries."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """How one receiver has behaved of late, as one process has seen it."""

    breaker: Breaker
    failures: int = 0
    """In a row."""
    broken_at: datetime | None = None
    """Since when no message has got an answer; None while it is not known to be broken."""
    until: datetime | None = None
    """Nothing is sent before this."""
    pause: timedelta = _NOTHING
    trying: bool = False
    """A trial is under way."""

    def state(self, now: datetime) -> CircuitState:
        if self.until is not None and now < self.until:
            return CircuitState.OPEN
        return CircuitState.CLOSED if self.broken_at is None else CircuitState.HALF_OPEN

    def admits(self, room: int, now: datetime) -> int:
        """How many of `room` may be claimed."""
        match self.state(now):
            case CircuitState.CLOSED:
                return room
            case CircuitState.OPEN:
                return 0
            case CircuitState.HALF_OPEN:
                return 0 if self.trying else min(room, 1)

    def lasting(self, now: datetime) -> bool:
        """It has been broken for longer than anyone should wait for it."""
        return self.broken_at is not None and now - self.broken_at >= self.breaker.patience

    def begun(self) -> Self:
        """A trial has begun."""
        return replace(self, trying=True)

    def heard(self, verdict: Verdict, now: datetime, *, trial: bool, most: timedelta) -> Self:
        """What an attempt says of the receiver. Only silence and its own failures count against it.

        Who refuses or asks for time is there. Who asks for it over HTTP is left alone for as long, `most` at most, and
        no longer. Of attempts begun before it broke, failures say nothing new.
        """
        if not isinstance(verdict, Retry):
            return type(self)(self.breaker)
        if verdict.after is not None or verdict.answer.code == TOO_MANY:
            asked = min(verdict.after or _NOTHING, most) if verdict.answer.code in ASKING else _NOTHING
            return type(self)(self.breaker, until=max(now + asked, self._asked_before(now)))
        if self.broken_at is not None:
            return self._broken(now, self.broken_at, min(2 * self.pause, self.breaker.longest)) if trial else self
        if self.failures + 1 < self.breaker.failures:
            return replace(self, failures=self.failures + 1)
        return self._broken(now, now, min(self.breaker.pause, self.breaker.longest))

    def _broken(self, now: datetime, since: datetime, pause: timedelta) -> Self:
        return type(self)(self.breaker, self.breaker.failures, since, now + pause, pause)

    def _asked_before(self, now: datetime) -> datetime:
        return self.until if self.until is not None and self.broken_at is None else now
