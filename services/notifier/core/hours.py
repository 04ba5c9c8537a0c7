"""Whether those on a route may be told now, by its active and its quiet hours, and if not, from when on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier.core.reasons import Reason
from services.notifier.core.routing import Manner
from services.notifier.core.times import Calendar, NeverError, Times

_ROUNDS = 50
NEVER_IS = timedelta(days=7)
"""Hours that do not come are looked at again after this: somebody may have mended them."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Not now: `reason` is `inactive` or `quiet`, `name` whose hours say so."""

    reason: Reason
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """All the times and calendars there are, by name."""

    times: Mapping[str, Times] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def closed(self, manner: Manner, now: datetime) -> Closed | None:
        """None where they may be told now. Active and quiet hours are asked in turn until both agree."""
        first, until = self._why(manner, now), now
        if first is None:
            return None
        for _ in range(_ROUNDS):
            why = self._why(manner, until)
            if why is None:
                return Closed(first.reason, first.name, until)
            until = why.until
        return Closed(first.reason, first.name, now + NEVER_IS)

    def _why(self, manner: Manner, now: datetime) -> Closed | None:
        try:
            if manner.active is not None and not self._of(manner.active).holds(now, self._calendar(manner.active)):
                until = self._of(manner.active).next_begin(now, self._calendar(manner.active))
                return Closed(Reason.INACTIVE, manner.active, until)
            if manner.quiet is not None and self._of(manner.quiet).holds(now, self._calendar(manner.quiet)):
                until = self._of(manner.quiet).next_end(now, self._calendar(manner.quiet))
                return Closed(Reason.QUIET, manner.quiet, until)
        except NeverError:
            name = manner.active or manner.quiet or ""
            return Closed(Reason.INACTIVE if manner.active else Reason.QUIET, name, now + NEVER_IS)
        return None

    def _of(self, name: str) -> Times:
        return self.times[name]

    def _calendar(self, name: str) -> Calendar | None:
        calendar = self.times[name].calendar
        return self.calendars[calendar] if calendar is not None else None
