"""The commands `check` and `replay`, which need neither broker nor database."""

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.warning.core.examples import failures
from services.warning.core.rules.document import RulesetError
from services.warning.core.rules.loading import load_ruleset
from services.warning.core.rules.ruleset import LEVELS, Bands, Rule
from services.warning.replay.run import CHANGES, REPORT
from services.warning.replay.run import replay as replay_file
from services.warning.settings import SHIPPED_RULESET
from shared.events import ORDINARY, Ahead
from shared.yaml_text import NotTextError, decoded, file_bytes

NOT_A_RULESET = 1
SOME_REJECTED = 1
NOT_REPLAYED = 2
_AS_INGEST = "Of the ingest that took these events: its INGEST_"


def check(
    ruleset: Annotated[Path, typer.Argument(help="The ruleset, a YAML file", metavar="R.yaml")] = SHIPPED_RULESET,
) -> None:
    """Check a ruleset and play its examples; exit 1 where something is wrong."""
    text = _text_of(ruleset)
    try:
        loaded = load_ruleset(text)
    except RulesetError as error:
        _complain(*(f"{ruleset}: {each}" for each in error.problems))
        raise typer.Exit(NOT_A_RULESET) from None
    failed = failures(loaded)
    _complain(*(f"{ruleset}: {each}" for each in failed))
    if failed:
        raise typer.Exit(NOT_A_RULESET)
    examples = sum(len(rule.examples) for rule in loaded.rules)
    typer.echo(f"{ruleset}: {loaded.name} {loaded.version} is right: {len(loaded.rules)} rules, {examples} examples")
    for rule in loaded.rules:
        measured = rule.measure if isinstance(rule.measure, str) else rule.measure.source
        of = " per loan" if rule.per_loan else ""
        typer.echo(f"  {rule.id}: {measured}{of} {rule.bands.direction} {_listed(rule.bands)}")
        for said in _unknowns(rule):
            typer.echo(f"    {said}")


def replay(
    events: Annotated[Path, typer.Argument(help="Events, one a line; plain or .gz", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help=f"The folder for {CHANGES} and {REPORT}", file_okay=False)],
    ruleset: Annotated[Path, typer.Option(help="The ruleset, a YAML file", dir_okay=False)] = SHIPPED_RULESET,
    time_zone: Annotated[str, typer.Option(help="The lender's time zone, an IANA name")] = "UTC",
    shards: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one a core where none is named")
    ] = None,
    value_date_limit_days: Annotated[
        int, typer.Option(min=1, help=f"{_AS_INGEST}VALUE_DATE_LIMIT_DAYS")
    ] = ORDINARY.value_days,
    period_limit_days: Annotated[
        int, typer.Option(min=1, help=f"{_AS_INGEST}PERIOD_LIMIT_DAYS")
    ] = ORDINARY.period_days,
) -> None:
    """Decide a file of events as the service would; exit 1 where lines were rejected, which the report names."""
    if time_zone not in available_timezones():
        said = f'expected an IANA time zone such as "Africa/Lagos", got {time_zone!r}'
        raise typer.BadParameter(said, param_hint="--time-zone")
    try:
        ahead = Ahead(value_date_limit_days, period_limit_days)
        told = _with_progress(events, _text_of(ruleset), time_zone, out, shards, ahead)
    except RulesetError as error:
        _complain(*(f"{ruleset}: {each}" for each in error.problems))
        raise typer.Exit(NOT_REPLAYED) from None
    except (OSError, EOFError, zlib.error) as error:
        _complain(f"replay: {error}")
        raise typer.Exit(NOT_REPLAYED) from None
    _summarize(told, out)
    if told["rejected"]:
        raise typer.Exit(SOME_REJECTED)


def _unknowns(rule: Rule) -> Iterator[str]:
    """What an author of an expression must know of indicators that are absent."""
    for place, each in (("measure", rule.measure), ("given", rule.given)):
        if each is not None and not isinstance(each, str):
            names = ", ".join(each.names)
            yield f"{place} {each.source}: what is absent of {names} is unknown, neither 0 nor false"


def _listed(bands: Bands) -> str:
    return ", ".join(f"{LEVELS[level]} {threshold:g}" for threshold, level in bands.steps)


def _text_of(path: Path) -> str:
    try:
        return decoded(file_bytes(path))
    except (OSError, NotTextError) as error:
        _complain(f"{path}: expected a text file in UTF-8: {error}")
        raise typer.Exit(NOT_REPLAYED if isinstance(error, OSError) else NOT_A_RULESET) from None


def _with_progress(
    events: Path, ruleset: str, time_zone: str, out: Path, shards: int | None, ahead: Ahead
) -> dict[str, Any]:
    console = Console(stderr=True)
    columns = TextColumn("replaying"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        watch = partial(_show, bar, bar.add_task("replaying", total=1.0))
        return replay_file(events, ruleset, time_zone, out, shards=shards, ahead=ahead, watch=watch)


def _show(bar: Progress, task: TaskID, part: float) -> None:
    bar.update(task, completed=part)


def _summarize(told: dict[str, Any], out: Path) -> None:
    typer.echo(
        f"{told['events']} events of {told['borrowers']} borrowers, {told['changes']} changes"
        f" ({told['events_per_s']} events/s): {out / CHANGES}, {out / REPORT}"
    )
    for reason, found in told["rejected"].items():
        _complain(f"{found['count']} lines rejected as {reason}; {found['details'][0]}")


def _complain(*lines: str) -> None:
    for each in lines:
        typer.echo(each, err=True)
