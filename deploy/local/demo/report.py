"""What the demo says at its end: a table of what was delivered, how fast, and which warning is worth explaining."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from deploy.local.demo.screen import COLOURS, urgency
from deploy.local.feeder import FeedReport
from shared.warnings import Kind, Level, WarningChange

SHOWN_KINDS = (Kind.RAISED, Kind.ESCALATED, Kind.EASED, Kind.CLEARED, Kind.WITHDRAWN)


@dataclass(frozen=True)
class Run:
    """What happened: the changes delivered, what ingest said, how long it took.

    `waits` are, sorted, the seconds from an event's acceptance to the delivery of what it changed.
    """

    changes: Sequence[WarningChange]
    feed: FeedReport
    days: int
    seconds: float
    waits: Sequence[float]


def changes_table(changes: Sequence[WarningChange]) -> Table:
    """How many changes of each kind, by rule and level."""
    counts = Counter((each.rule, each.severity, each.kind) for each in changes)
    table = Table(title="Warning changes delivered", title_justify="left", box=SIMPLE_HEAD, padding=0)
    table.add_column("rule", no_wrap=True)
    table.add_column("level")
    for kind in SHOWN_KINDS:
        table.add_column(kind, justify="right")
    for rule in sorted({rule for rule, _, _ in counts}):
        for level in Level:
            numbers = [counts[rule, level, kind] for kind in SHOWN_KINDS]
            if any(numbers):
                table.add_row(
                    rule, Text(level, COLOURS[level]), *(f"{number:,}" if number else "" for number in numbers)
                )
    table.add_section()
    totals = Counter(each.kind for each in changes)
    table.add_row("all", "", *(f"{totals[kind]:,}" for kind in SHOWN_KINDS), style="bold")
    return table


def figures(run: Run) -> Table:
    """How much, how fast, and whether anything was refused or repeated."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_row("business time", f"{run.days} days in {run.seconds:.0f} s")
    pace = run.feed.accepted / run.seconds
    table.add_row("events", f"{run.feed.accepted:,} accepted ({pace:,.0f} a second), {run.feed.refused:,} refused")
    table.add_row("deliveries", f"{len(run.changes):,} to the system's webhook, each signature checked")
    if run.waits:
        p50, p99 = (_quantile(run.waits, share) for share in (0.5, 0.99))
        table.add_row("acceptance to delivery", f"p50 {p50}, p99 {p99}")
    return table


def _quantile(waits: Sequence[float], share: float) -> str:
    return f"{waits[int(share * (len(waits) - 1))] * 1000:,.0f} ms"


def worth_explaining(changes: Sequence[WarningChange]) -> WarningChange | None:
    """The most urgent change of the warning with the richest life, or None where nothing was delivered.

    One that somebody answers for comes before all others.
    """
    lives: defaultdict[str, list[WarningChange]] = defaultdict(list)
    for change in changes:
        lives[str(change.warning_id)].append(change)
    if not lives:
        return None
    life = max(lives.values(), key=_richness)
    return max(life, key=urgency)


def _richness(life: list[WarningChange]) -> tuple[bool, int, tuple[bool, int]]:
    kinds = {change.kind for change in life}
    return Kind.ACKNOWLEDGED in kinds, len(kinds), max(map(urgency, life))
