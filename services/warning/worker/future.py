"""Events that are ahead of the log itself: somebody's clock was wrong, and no later event could put it right."""

from datetime import timedelta

from services.warning.core.calendar import SECOND
from services.warning.core.changes import as_datetime

AHEAD = "ahead_of_clock"
MILLISECOND = 1_000


class FutureLimit:
    """How far an event's time may be ahead of its record's timestamp, which is the broker's on a topic that we made.

    Both are in the log, so a replay of it decides alike. Beyond the limit an event, or a clock record, would move its
    borrower's clock to where all that follows is too late.
    """

    def __init__(self, limit: timedelta | None) -> None:
        """None: however far, for history and for clocks that the sender moves."""
        self._limit = None if limit is None else limit // timedelta(microseconds=1)

    def beyond(self, time: int, recorded_ms: int) -> str | None:
        """What to say of an event of this time that came in a record of that timestamp, or None where it is fine."""
        limit, recorded = self._limit, recorded_ms * MILLISECOND
        if limit is None or recorded_ms < 0 or time <= recorded + limit:  # -1: a record without a timestamp
            return None
        expected = f"expected a time at most {limit / SECOND:g} s ahead of {_text(recorded)}, its record's"
        return f"{expected}; got {_text(time)}"


def _text(moment: int) -> str:
    return as_datetime(moment).isoformat()
