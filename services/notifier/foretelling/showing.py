"""Shows what is foretold on a terminal."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.notifier.configuration import Configuration
from services.notifier.core.hours import Closed
from services.notifier.core.planning import Decision, Hold, Suppress, Tell
from services.notifier.core.routing import Route
from services.notifier.foretelling.planning import Foretold, foretell, way_to
from shared.warnings import WarningChange

PLAIN_WIDTH = 200
"""Columns where nobody looks at a terminal: lines are not broken for pipes and files."""


def show_all(configuration: Configuration, changes: Sequence[WarningChange], now: datetime) -> None:
    """Print what becomes of changes that come `now`."""
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    for each in foretell(configuration, changes, now):
        show(console, each, configuration.routes, now)


def show(console: Console, foretold: Foretold, routes: Sequence[Route], now: datetime) -> None:
    """One change: what it is, a line for each receiver it concerns, and the steps of what escalates."""
    change = foretold.change
    level = f"{change.previous_level or 'nothing'} to {change.level or 'nothing'}"
    console.print(Text(f"{change.rule} {change.kind}, {level}, borrower {change.borrower_id}, {change.at.isoformat()}"))
    zone = _zone(change.time_zone)
    table = Table("receiver", "when", "why", box=None, pad_edge=False, padding=(0, 3, 0, 2))
    for each in foretold.decisions:
        why = f"{_route(foretold, routes, each)}{_why(each, foretold.closed.get(each.receiver), zone)}"
        table.add_row(Text(each.receiver), Text(_when(each, foretold.closed, now, zone)), Text(why))
    for standing, step in foretold.steps:
        why = f"escalation {standing.policy}: round {standing.round + 1}, step {standing.step + 1}, unless acknowledged"
        for receiver in step.receivers:
            table.add_row(Text(receiver), Text(_moment(standing.due_at, zone)), Text(why))
    console.print(table if table.row_count else Text("  nobody: no route matches"))
    console.print()


def _when(decision: Decision, closed: dict[str, Closed], now: datetime, zone: ZoneInfo) -> str:
    match decision:
        case Tell():
            return f"now ({_moment(now, zone)})"
        case Hold(receiver=receiver, due_at=due_at):
            return _moment(closed[receiver].until if receiver in closed else due_at, zone)
        case Suppress():
            return "never"


def _why(decision: Decision, closed: Closed | None, zone: ZoneInfo) -> str:
    match decision:
        case Tell(over=over):
            return ", in place of what is held" if over is not None else ""
        case Hold(reason=reason, detail=detail, gathering=gathering, due_at=due_at):
            said = [reason, detail, *(f"{name} {value}" for name, value in gathering.common.items())]
            if closed is not None:
                said.append(f"due {_moment(due_at, zone)} in {closed.reason} hours {closed.name}")
            return f": {', '.join(each for each in said if each)}"
        case Suppress(reason=reason, detail=detail):
            return f": {reason}, {detail}" if detail else f": {reason}"


def _route(foretold: Foretold, routes: Sequence[Route], decision: Decision) -> str:
    return way_to(routes, decision.receiver, foretold.change) or "told before"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _zone(name: str) -> ZoneInfo:
    """The lender's; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
