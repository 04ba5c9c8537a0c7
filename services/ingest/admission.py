"""What may come in: a valid event of a known type, from a sender who may send it, not too far ahead of the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from services.ingest.refusals import RefusedError, invalid, refused
from shared.clock import Clock
from shared.events import ORDINARY, Accepted, Ahead, accept, utc_text
from shared.events.types.clock_advanced import ClockAdvanced


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom an event comes from: the one `source` it may send, if bound to one, and whether it may move the clock."""

    source: str | None
    may_move_clock: bool


class Admission:
    """This deployment's rules. `future_limit` None takes events of any time; `event_clock` takes clock.advanced.

    `ahead` is how far value dates and periods may lie after their event's own time.
    """

    def __init__(
        self, clock: Clock, *, future_limit: timedelta | None, event_clock: bool, ahead: Ahead = ORDINARY
    ) -> None:
        self._clock = clock
        self._future_limit = future_limit
        self._event_clock = event_clock
        self._ahead = ahead

    def gate(self, sender: Sender) -> "Gate":
        """The gate for what this sender sends now: one a request, since it holds the present time."""
        return Gate(sender, self._clock.now(), self._future_limit, event_clock=self._event_clock, ahead=self._ahead)


class Gate:
    """Lets one request's events in, or says why not."""

    def __init__(
        self, sender: Sender, now: datetime, future_limit: timedelta | None, *, event_clock: bool, ahead: Ahead
    ) -> None:
        self._sender = sender
        self._now = now
        self._latest = now + future_limit if future_limit else None
        self._event_clock = event_clock
        self._dated_ahead = ahead

    def admit(self, raw: bytes) -> Accepted:
        """The accepted event. Raises RefusedError."""
        try:
            accepted = accept(raw, self._dated_ahead)
        except ValidationError as error:
            raise invalid(error) from None
        event, sender = accepted.event, self._sender
        if sender.source is not None and event.source != sender.source:
            detail = f"expected {sender.source!r}, the source this key is bound to; got {event.source!r}"
            raise refused("wrong_source", "/source", detail, forbidden=True)
        if self._latest is not None and event.time > self._latest:
            raise self._ahead("/time", event.time)
        if isinstance(event.data, ClockAdvanced):
            self._check_clock_event(event.data)
        return accepted

    def _ahead(self, pointer: str, moment: datetime) -> RefusedError:
        assert self._latest is not None
        seconds = (self._latest - self._now).total_seconds()
        clock, given = utc_text(self._now), utc_text(moment)
        detail = f"expected a time at most {seconds:g} s ahead of {clock}, this service's clock; got {given}"
        return refused("ahead_of_clock", pointer, detail)

    def _check_clock_event(self, data: ClockAdvanced) -> None:
        if not self._event_clock:
            detail = "expected a business event: clock.advanced is taken only where WARNING_CLOCK=event"
            raise refused("clock_not_taken", "/type", detail)
        if not self._sender.may_move_clock:
            detail = "expected a business event: clock.advanced needs the scope 'clock', and comes over HTTP only"
            raise refused("clock_not_allowed", "/type", detail, forbidden=True)
        if self._latest is not None and data.through > self._latest:
            raise self._ahead("/data/through", data.through)  # a partition's clock never goes back
