"""The lender's calendar: when its days begin."""

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()


class AsOf(msgspec.Struct, frozen=True, gc=False):
    """A point from which facts are looked at: an item counts where its moment is before `until`.

    At a due time that is the due time itself, so that 00:00 judges the day that has ended; at an event, just after it.
    """

    at: int
    day: int
    until: int


class Calendar:
    """Days of one time zone (an IANA name). Raises ZoneInfoNotFoundError for a name nobody knows."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)
        self.midnight = cache(self._midnight)
        """The moment a day begins: 00:00, or the first moment after it where the clocks skip it."""
        self._last = (0, 0, 0)
        # The day found last, and from when until when it lasts: in a log, neighbours are most often of one day.

    def _midnight(self, day: int) -> int:
        return micros(datetime.combine(date.fromordinal(day), time(), self._zone))

    def day_of(self, moment: int) -> int:
        """The day a moment falls on."""
        day, begins, ends = self._last
        if begins <= moment < ends:
            return day
        day = moment // DAY + EPOCH_DAY
        while self.midnight(day) > moment:
            day -= 1
        while self.midnight(day + 1) <= moment:
            day += 1
        self._last = (day, self.midnight(day), self.midnight(day + 1))
        return day

    def within(self, day: int, moment: int) -> int:
        """The moment nearest to this one on that day: a thing that counts from `day` and became known at `moment`."""
        today, begins, ends = self._last
        if day == today and begins <= moment < ends:
            return moment  # the usual case
        first = self.midnight(day)
        return first if moment < first else min(moment, self.midnight(day + 1) - 1)

    def on_event(self, at: int) -> AsOf:
        """Looking at the facts just after an event at this moment."""
        day, begins, ends = self._last
        return AsOf(at, day if begins <= at < ends else self.day_of(at), at + 1)

    def on_due(self, at: int) -> AsOf:
        """Looking at the facts when time reaches this moment and nothing else happens."""
        return AsOf(at, self.day_of(at), at)


def micros(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    since = moment.astimezone(UTC) - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def month_index(text: str) -> int:
    """`YYYY-MM` as months since year 0, so that neighbours differ by one."""
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def last_day_of(month: int) -> int:
    """The last day of a month given by its index."""
    year, zero_based = divmod(month + 1, 12)
    return date(year, zero_based + 1, 1).toordinal() - 1
