"""Bellwether on this machine alone: the demo, and a real Kafka to work against."""

import math
from typing import Annotated

import typer
from rich.console import Console

from deploy.local import processes
from deploy.local.demo.performance import DemoFailedError, Plan, perform
from deploy.local.kafka import KafkaMissingError, real_kafka
from deploy.local.postgres_wheel import PostgresMissingError

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended
FAILURES = (
    DemoFailedError,
    KafkaMissingError,
    PostgresMissingError,
    processes.ChildFailedError,
)

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    *,
    borrowers: Annotated[int, typer.Option(min=1, help="How many borrowers the lender has")] = 500,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days of their lives")] = 365,
    seed: Annotated[int, typer.Option(help="Another number is another book; the same is the same, byte for byte")] = 7,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long that shall take at least; 0: as fast as it goes")
    ] = 60,
) -> None:
    """A year of a small lender's book through the three services, and what they warned of."""
    console = Console(highlight=False)
    try:
        perform(Plan(borrowers=borrowers, days=days, seed=seed, seconds=seconds), console)
    except KeyboardInterrupt:
        console.print("stopped before the end")
        raise typer.Exit(INTERRUPTED) from None
    except FAILURES as error:
        raise _failed("the demo", error) from None


@app.command()
def kafka() -> None:
    """A real single-node Kafka in the foreground, until Ctrl-C. What it held is gone afterwards."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("starting a real Kafka (the first time its jars are fetched: a minute or so)")
    try:
        with real_kafka(jvm=()) as running:
            console.print(f"Kafka is at [bold]{running.bootstrap}[/]; Ctrl-C ends it. Its topics are made by")
            console.print(f"  KAFKA_BOOTSTRAP={running.bootstrap} DATABASE_URL=... python -m services.warning migrate")
            processes.poll_until(lambda: running.exit_code is not None, seconds=math.inf)
            raise running.failure()
    except KeyboardInterrupt:
        console.print("Kafka has stopped")
    except FAILURES as error:
        raise _failed("Kafka", error) from None


def _failed(what: str, error: Exception) -> typer.Exit:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"{what} failed: {error}", style="red", markup=False)
    return typer.Exit(1)


if __name__ == "__main__":
    processes.heed_interrupts()
    app()
