"""Times of the week by a wall clock somewhere, with that place's holidays: office hours, nights, week-ends."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
Span = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""Such as 08:00-17:00; one that ends before it begins goes on past midnight, and belongs to the day it begins on."""
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_DAY_MINUTES = 24 * 60
_LOOK_AHEAD_DAYS = 400
"""Further than from one holiday of a year to the same one of the next."""


class NeverError(ValueError):
    """The times do not come, however long one waits."""


def zone_name(given: str) -> str:
    """The name of a time zone. Raises ValueError for what this machine knows none of."""
    try:
        return ZoneInfo(given).key
    except (KeyError, ValueError, OSError):
        raise ValueError("expected the name of a time zone, such as Asia/Shanghai") from None


Zone = Annotated[str, AfterValidator(zone_name)]


class Calendar(BaseModel):
    """Where a day is not what its weekday says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = Field(default=frozenset(), description="Saturdays and Sundays that are worked on")


_NO_CALENDAR = Calendar()


class Times(BaseModel):
    """The spans of `hours` on each of `days`, by the clock of `time_zone`.

    When that clock is put forward, what was to begin in the hour left out begins at its end; when it is put back, what
    the clock shows twice is meant both times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: Zone
    days: tuple[Weekday, ...] = Field(default=WEEKDAYS, min_length=1)
    hours: tuple[Span, ...] = Field(default=("00:00-24:00",), min_length=1)
    calendar: str | None = Field(default=None, description="A name of `calendars`: its holidays are not among the days")

    def holds(self, moment: datetime, calendar: Calendar | None = None) -> bool:
        """Whether the clock shows one of these times."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        return any(self._in(span, local, calendar or _NO_CALENDAR) for span in self.hours)

    def next_begin(self, moment: datetime, calendar: Calendar | None = None) -> datetime:
        """The first moment from this one on at which they hold. Raises NeverError."""
        return self._first(moment, lambda each: self.holds(each, calendar))

    def next_end(self, moment: datetime, calendar: Calendar | None = None) -> datetime:
        """The first moment from this one on at which they do not hold. Raises NeverError."""
        return self._first(moment, lambda each: not self.holds(each, calendar))

    @property
    def always(self) -> bool:
        """Whether they hold at every moment that is no holiday."""
        if len(set(self.days)) < len(WEEKDAYS):
            return False
        held: set[int] = set()
        for begins, ends in map(_minutes, self.hours):
            held |= {each % _DAY_MINUTES for each in range(begins, ends if ends > begins else ends + _DAY_MINUTES)}
        return len(held) == _DAY_MINUTES

    def come(self, calendar: Calendar | None = None) -> bool:
        """Whether they hold again before long after every holiday: else whoever waits for them waits in vain."""
        zone = ZoneInfo(self.time_zone)
        try:
            for day in (calendar or _NO_CALENDAR).holidays:
                self.next_begin(datetime.combine(day, time(), zone), calendar)
        except NeverError:
            return False
        return True

    def _first(self, moment: datetime, wanted: Callable[[datetime], bool]) -> datetime:
        if wanted(moment):
            return moment
        for each in self._turns(moment):
            if wanted(each):
                return each
        raise NeverError(f"nothing changes within {_LOOK_AHEAD_DAYS} days")

    def _in(self, span: Span, local: datetime, calendar: Calendar) -> bool:
        begins, ends = _minutes(span)
        clock, today = local.hour * 60 + local.minute, local.date()
        if begins < ends:
            return begins <= clock < ends and self._counts(today, calendar)
        return (clock >= begins and self._counts(today, calendar)) or (
            clock < ends and self._counts(today - _DAY, calendar)
        )

    def _counts(self, day: date, calendar: Calendar) -> bool:
        if day in calendar.holidays:
            return False
        if day in calendar.workdays:
            return not set(self.days).isdisjoint(WEEKDAYS[:5])
        return WEEKDAYS[day.weekday()] in self.days

    def _turns(self, moment: datetime) -> Iterator[datetime]:
        """Every later moment at which they may begin or end, in order: between two of them nothing changes."""
        zone = ZoneInfo(self.time_zone)
        clocks = sorted({0, *(each % _DAY_MINUTES for span in self.hours for each in _minutes(span))})
        first = moment.astimezone(zone).date()
        for number in range(_LOOK_AHEAD_DAYS):
            day = first + number * _DAY
            found = {each for clock in clocks for each in _shown(day, clock, zone)} | set(_changed(day, zone))
            yield from sorted(each for each in found if each > moment)


def _minutes(span: str) -> tuple[int, int]:
    begins, ends = (int(each[:2]) * 60 + int(each[3:]) for each in span.split("-"))
    return begins, ends


def _shown(day: date, clock: int, zone: ZoneInfo) -> set[datetime]:
    """When a clock shows a minute of a day: once, twice, or in an hour left out as if it had not been."""
    local = datetime.combine(day, time(clock // 60, clock % 60), zone)
    return {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}


def _changed(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock is put forward or back on a day."""
    low, high = (datetime.combine(day + number * _DAY, time(), zone).astimezone(UTC) for number in (0, 1))
    if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
        return
    before = low.astimezone(zone).utcoffset()
    while high - low > _MINUTE:
        middle = low + (high - low) // 2
        middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
