"""Where the reader of one partition stands, and what follows from it: sums alone, the moments are given."""

from dataclasses import dataclass


@dataclass(slots=True)
class Place:
    """A partition as far as it is known. `running` is a clock that never jumps, in seconds; `now` is Unix time."""

    position: int
    """The first record that is not dealt with yet."""
    moved: float
    """When a record was last dealt with or none was left, on the clock that never jumps."""
    noticed: float
    """When it was first looked at, in Unix time."""
    end: int | None = None
    """Where the log was last seen to end."""
    since: float | None = None
    """In Unix time: the newest record taken is no younger, or none was left then. What waits is younger than this."""

    @property
    def behind(self) -> int:
        """Records between here and the log's end; 0 while that is unknown."""
        return 0 if self.end is None else max(0, self.end - self.position)

    def reach(self, position: int, *, now: float, running: float, taken_at: float | None = None) -> None:
        """All before `position` is dealt with; the newest of it came at `taken_at`."""
        if position != self.position:
            self.position, self.moved = position, running
        if taken_at is not None:
            self._younger_than(taken_at)
        if position == self.end:
            self._rest(now, running)

    def see(self, end: int, *, now: float, running: float) -> None:
        """The log ends here at this moment."""
        self.end = end
        if self.position >= end:
            self._rest(now, running)

    def seconds(self, now: float) -> float:
        """The age of the oldest record that may wait, 0 where none does."""
        if not self.behind:
            return 0.0
        return max(0.0, now - (self.noticed if self.since is None else self.since))

    def stalled(self, running: float) -> float:
        """For how long records have waited and none was dealt with, 0 where none waits."""
        return max(0.0, running - self.moved) if self.behind else 0.0

    def _rest(self, now: float, running: float) -> None:
        self.moved = running
        self._younger_than(now)

    def _younger_than(self, moment: float) -> None:
        self.since = moment if self.since is None else max(self.since, moment)
