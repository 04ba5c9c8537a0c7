"""When, and how often, a borrower may be written to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.contact import Contact, Way
from services.notifier.core.durations import Duration
from services.notifier.core.reasons import Reason
from services.notifier.core.times import Span, Times


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1, description="Where it is written, or that it is the profile's own prudence")


class Hours(_Rule):
    """When a borrower may be written to, by the clock where the borrower is."""

    allowed: tuple[Span, ...] = Field(min_length=1)


class Cap(_Rule):
    """No more messages on one debt within any stretch of this length."""

    messages: int = Field(ge=1)
    within: Duration


class Rest(_Rule):
    """No message on a debt for so long after the borrower was spoken to about it."""

    after_conversation: Duration


class Conduct(BaseModel):
    """One profile of rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = Field(min_length=1)
    hours: Hours
    caps: tuple[Cap, ...] = Field(min_length=1)
    rest: Rest | None = None

    @property
    def memory(self) -> timedelta:
        """Touches longer ago than this change nothing."""
        rest = self.rest.after_conversation if self.rest is not None else timedelta()
        return max(rest, *(cap.within for cap in self.caps))


@dataclass(frozen=True, slots=True)
class Touch:
    """The borrower was written to, or spoken to. `debt` is None where it was about all of them."""

    at: datetime
    kind: Literal["message", "conversation"]
    debt: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may go now, to this contact."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before `until`; then the guard is asked again."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Never:
    """It does not go."""

    reason: Reason
    why: str


Judgement = Allowed | Wait | Never


def judge(
    conduct: Conduct, contact: Contact | None, way: Way, debt: str | None, touches: Iterable[Touch], now: datetime
) -> Judgement:
    """Whether a message on a debt may go to a borrower now. What was not about one debt counts for every debt."""
    if contact is None:
        return Never(Reason.NO_CONTACT, "the contact directory does not know the borrower")
    if contact.opted_out:
        return Never(Reason.OPTED_OUT, "the borrower has asked not to be written to")
    if contact.address(way) is None:
        return Never(Reason.NO_CONTACT, f"the contact directory has no address for {way}")
    if way not in contact.consents:
        return Never(Reason.NO_CONSENT, f"the borrower has not agreed to be written to by {way}")
    counted = sorted((each for each in touches if _about(each, debt)), key=lambda each: each.at)
    free, why = max([(now, ""), *_rests(conduct, counted), *_capped(conduct, counted)], key=lambda each: each[0])
    opens = Times(time_zone=contact.time_zone, hours=conduct.hours.allowed).next_begin(free)
    if opens <= now:
        return Allowed(contact)
    return Wait(opens, why or "outside the hours in which the borrower may be written to")


def _about(touch: Touch, debt: str | None) -> bool:
    return touch.debt is None or debt is None or touch.debt == debt


def _rests(conduct: Conduct, touches: Sequence[Touch]) -> Iterable[tuple[datetime, str]]:
    if conduct.rest is not None:
        for each in touches:
            if each.kind == "conversation":
                yield each.at + conduct.rest.after_conversation, "the borrower was spoken to not long ago"


def _capped(conduct: Conduct, touches: Sequence[Touch]) -> Iterable[tuple[datetime, str]]:
    """When there is room again under each cap: once the last but so many of the messages lies far enough back."""
    messages = [each.at for each in touches if each.kind == "message"]
    for cap in conduct.caps:
        if len(messages) >= cap.messages:
            yield messages[-cap.messages] + cap.within, f"{cap.messages} messages within {cap.within} are the most"
