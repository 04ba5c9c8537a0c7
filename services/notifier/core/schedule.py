"""When a delivery is tried again, and when it is given up. Chance is a number handed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.core.durations import Duration
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict, shown

JITTER = 0.2
"""A fifth to either side, so that a thousand deliveries that failed together do not come back together."""
LONGEST_EXPONENT = 40  # 2^40 times any first wait is past every longest wait; beyond, timedelta overflows

State = Literal["pending", "delivered", "dead", "superseded", "suppressed"]
Result = Literal["delivered", "retry", "refused", "expired"]


class RetrySchedule(BaseModel):
    """Exponential: `first`, twice that, and so on up to `longest`; given up `deadline` after the delivery was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Duration = timedelta(seconds=5)
    longest: Duration = timedelta(hours=1)
    deadline: Duration = Field(
        default=timedelta(hours=24), description="Dead after this long; always tried at least once"
    )
    longest_asked: Duration = Field(default=timedelta(hours=1), description="The most a Retry-After can ask for")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.first > self.longest:
            raise ValueError(f"expected `first` ({self.first}) to be no longer than `longest` ({self.longest})")
        return self

    def wait(self, tries: int, asked: timedelta | None, chance: float) -> timedelta:
        """How long to wait after `tries` failed tries (1 or more); `chance` is from [0, 1).

        What the other side asked for is never undercut, so jitter only adds to it.
        """
        doublings = min(tries - 1, LONGEST_EXPONENT)
        backoff = min(self.first * (1 << doublings), self.longest)
        own = backoff * (1 - JITTER + 2 * JITTER * chance)
        if asked is None:
            return own
        return max(own, min(asked, self.longest_asked) * (1 + JITTER * chance))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What becomes of a delivery after an attempt. `due_at` matters only while it is pending."""

    state: State
    result: Result
    due_at: datetime
    error: str | None


def conclude(
    verdict: Verdict, *, tries: int, now: datetime, give_up_at: datetime, schedule: RetrySchedule, chance: float
) -> Conclusion:
    """What a verdict on try number `tries` means for the delivery."""
    match verdict:
        case Delivered():
            return Conclusion("delivered", "delivered", now, None)
        case Refused(why=why):
            return Conclusion("dead", "refused", now, shown(why))
        case Retry(why=why, after=after):
            due_at = now + schedule.wait(tries, after, chance)
            if due_at > give_up_at:
                return Conclusion("dead", "expired", now, shown(f"given up at the deadline: {why}"))
            return Conclusion("pending", "retry", due_at, shown(why))
