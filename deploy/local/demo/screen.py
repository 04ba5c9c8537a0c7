"""What the demo shows while it runs: a progress bar, and above it warnings as they are delivered, a few a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from time import monotonic
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from shared.warnings import Kind, Level, WarningChange

SECONDS_BETWEEN_LINES = 0.4  # a person can follow two or three lines a second
COLOURS = {Level.BLUE: "blue", Level.YELLOW: "yellow", Level.ORANGE: "dark_orange", Level.RED: "bold red"}
_SERIOUSNESS = {level: rank for rank, level in enumerate(Level)}
_GROWS_WORSE = frozenset({Kind.RAISED, Kind.ESCALATED})


def urgency(change: WarningChange) -> tuple[bool, int]:
    """Orders changes for a reader with little time: what grew worse first, the more serious level first."""
    return change.kind in _GROWS_WORSE, _SERIOUSNESS[change.severity]


def business_day(change: WarningChange) -> str:
    """The lender's own date of a change: its midnight is seldom that of UTC."""
    return f"{change.at.astimezone(ZoneInfo(change.time_zone)):%Y-%m-%d}"


def line(change: WarningChange) -> Text:
    """One change in one line."""
    level = change.severity
    told = Text(f"{business_day(change)}  ", style="dim")
    told.append(f"{level:<6} {change.kind:<9}", style=COLOURS[level])
    return told.append(f"  {change.borrower_id}  {change.text.en}", style="default")


class Screen:
    """Shows the most urgent of the changes that came since the last line; the rest are counted."""

    def __init__(self, console: Console, progress: Progress, bar: TaskID) -> None:
        self._console = console
        self._progress = progress
        self._bar = bar
        self._waiting: list[WarningChange] = []
        self._delivered = 0
        self._last_line = 0.0

    def delivered(self, change: WarningChange) -> None:
        """Note a delivered change, and show one if the last line is long enough ago."""
        self._delivered += 1
        self._waiting.append(change)
        if monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = monotonic()
            self._show(max(self._waiting, key=urgency), len(self._waiting) - 1)
            self._waiting.clear()

    def day_over(self, day: date, events: int) -> None:
        """Move the bar on by a business day, `events` having been accepted so far."""
        self._progress.update(self._bar, advance=1, day=day.isoformat(), events=events, warnings=self._delivered)

    def _show(self, change: WarningChange, others: int) -> None:
        told = line(change)
        if others:
            told.append(f"  (and {others} more)", style="dim")
        if self._console.is_terminal:
            self._console.print(told, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(told, soft_wrap=True)


@contextmanager
def screen(console: Console, days: int) -> Iterator[Screen]:
    """A screen with its progress bar over this many days."""
    columns = (
        TextColumn("{task.fields[day]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("days  {task.fields[events]:,} events  {task.fields[warnings]:,} deliveries"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("year", total=days, day="", events=0, warnings=0)
        yield Screen(console, progress, bar)
