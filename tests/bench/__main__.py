"""Measures what the README claims, to a table and `build/bench.json`."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.processes import ROOT
from tests.bench.machine import Machine, machine

PARTS = ("warning", "ingest", "latency", "restart", "scale", "timers", "notifier")
RESULTS = ROOT / "build" / "bench.json"

Measure = Callable[[Machine], Coroutine[Any, Any, dict[str, Any]]]


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(PARTS)}; may be repeated")] = None,
) -> None:
    """Run the parts one after the other; each adds its figures to those of earlier runs."""
    chosen = only or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise typer.BadParameter(f"expected one of {', '.join(PARTS)}; got {', '.join(sorted(unknown))}")
    console = Console()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with machine() as servers:
        for part in chosen:
            console.print(f"measuring {part} …")
            measure: Measure = import_module(f"tests.bench.{part}").measure
            results[part] = asyncio.run(measure(servers))
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n")
            console.print(_table(part, results[part]))


def _table(part: str, figures: dict[str, Any]) -> Table:
    table = Table(title=part, title_justify="left", show_header=False)
    for name, figure in figures.items():
        shown = (
            ", ".join(f"{key} {value}" for key, value in figure.items()) if isinstance(figure, dict) else str(figure)
        )
        table.add_row(name, shown)
    return table


if __name__ == "__main__":
    typer.run(main)
