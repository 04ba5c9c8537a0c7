"""One warning explained in full, from what its API answers: why it came, what would end it, and its whole life."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.demo.screen import COLOURS, business_day, urgency
from shared.warnings import WarningChange


def explanation(warning: Mapping[str, Any]) -> RenderableType:
    """The warning at its worst moment, and then everything that became of it."""
    changes = [WarningChange.model_validate(each) for each in warning["changes"]]
    worst = max(changes, key=urgency)
    headline = Group(Text(worst.text.en, style=COLOURS[worst.severity]), Text(worst.text.zh), "")
    parts: list[RenderableType] = [headline, _grid(_why(worst)), "", Text("Its life", style="bold"), _life(changes), ""]
    return Panel(
        Group(*parts, _grid(_answered(warning["acknowledgements"]))),
        title="One warning, explained in full",
        title_align="left",
    )


def _why(change: WarningChange) -> Iterator[tuple[str, str]]:
    measure, band, evidence = change.measure, change.band, change.evidence
    yield "warning", str(change.warning_id)
    yield "about", f"borrower {change.borrower_id}" + (f", loan {change.loan_id}" if change.loan_id else "")
    yield "rule", f"{change.rule}, of the family {change.family}"
    yield "measured", f"{measure.name} = {_number(measure.value)} {measure.unit}"
    if band:
        yield "threshold", f"{band.level} {_DIRECTION[band.direction]} {_number(band.threshold)}"
    yield "decided by", f"event {evidence.event_id} of {evidence.event_source}" if evidence.event_id else "time passing"
    if evidence.window:
        yield "looked at", f"{evidence.window.first} to {evidence.window.last}"
    yield (
        "built on",
        f"{len(evidence.items)} events: {', '.join(evidence.items)}" if evidence.items else "no single event",
    )
    yield "own past", f"raised {evidence.own_past.raised_before} times before"
    if change.clears_when:
        yield "would end it", change.clears_when.en
        yield "", change.clears_when.zh
    rules = change.ruleset
    yield "decided with", f"ruleset {rules.name} {rules.version} ({rules.digest[:12]}), engine {change.engine}"
    yield "", f"business days of {change.time_zone}"


_DIRECTION = {"above": "from", "below": "down from"}


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.4g}"


def _life(changes: Sequence[WarningChange]) -> Table:
    table = Table(box=None, show_header=False)
    for change in changes:
        kind = Text(f"{change.kind} {change.level or ''}".strip(), style=COLOURS[change.severity])
        measured = f"{change.measure.name} {_number(change.measure.value)}"
        table.add_row(Text(business_day(change), style="dim"), kind, measured, change.reason or "")
    return table


def _answered(acknowledgements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in acknowledgements:
        yield "acknowledged", f"{each['at']} by {each['by']}: {each['note'] or 'no note'}"
    if not acknowledgements:
        yield "acknowledged", "by nobody yet"


def _grid(rows: Iterator[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(name, Text(value))
    return table
