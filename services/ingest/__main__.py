"""Ingest's commands. Without one it serves."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import typer
import uvloop
from aiokafka.errors import KafkaError

from services.ingest.asyncapi import asyncapi as asyncapi_document
from services.ingest.conversion import ConversionError
from services.ingest.conversion import convert as convert_files
from services.ingest.redrive.run import Wanted
from services.ingest.redrive.run import redrive as redrive_letters
from services.ingest.service import serve as serve_ingest
from services.ingest.settings import IngestSettings
from services.ingest.sources import discover
from shared.auth import NoKeysError, new_key
from shared.kafka.producer import NotAcknowledgedError
from shared.kafka.topics import Topics
from shared.log import configure_logging
from shared.settings import REFUSED, SettingError, from_environment

log = structlog.get_logger(__name__)
app = typer.Typer(help=__doc__, no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve, when no command is named."""
    if context.invoked_subcommand is not None:
        return
    settings = from_environment(IngestSettings)
    configure_logging("ingest", level=settings.log_level, pretty=settings.log_pretty)
    try:
        uvloop.run(serve_ingest(settings))
    except (NoKeysError, SettingError) as error:
        log.error("ingest.refused_to_start", reason=str(error))  # noqa: TRY400 - the sentence says it all
        raise typer.Exit(REFUSED) from None


@app.command("new-key")
def make_key(name: Annotated[str, typer.Argument(help="Whose key it is")] = "core-banking") -> None:
    """Make an API key: the token for the sender, and the entry for the keys file."""
    token, digest = new_key()
    typer.echo(f"token (give it to the sender, it is stored nowhere): {token}\n")
    typer.echo(f"keys:\n  - name: {name}\n    sha256: {digest}\n    scopes: [events]")


@app.command("asyncapi")
def print_asyncapi() -> None:
    """Print the AsyncAPI document of the topics."""
    document = msgspec.json.encode(asyncapi_document(Topics(from_environment(IngestSettings).kafka_topic_prefix)))
    typer.echo(msgspec.json.format(document, indent=2).decode())


@app.command()
def convert(
    source: Annotated[str, typer.Argument(help="The upstream: a folder of services/ingest/sources")],
    files: Annotated[list[Path], typer.Argument(help="Its files, plain or .gz", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the events go, one a line; compressed where it ends in .gz")],
) -> None:
    """Make events of an upstream's files, ordered by time, with business time marked day by day."""
    upstreams = discover()
    if source not in upstreams:
        raise typer.BadParameter(f"expected one of {', '.join(upstreams)}; got {source!r}", param_hint="SOURCE")
    try:
        converted = convert_files(upstreams[source], files, out)
    except ConversionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{converted.events} events of {converted.borrowers} borrowers,"
        f" {converted.first:%Y-%m-%d} to {converted.last:%Y-%m-%d}: {out}"
    )


@app.command()
def redrive(
    reason: Annotated[list[str] | None, typer.Option(help="Only letters of this reason, or these")] = None,
    origin_topic: Annotated[list[str] | None, typer.Option(help="Only letters from this topic, or these")] = None,
) -> None:
    """Send dead letters again to where they came from. Each is sent by one run only, whatever the filters."""
    settings = from_environment(IngestSettings)
    configure_logging("ingest", level="WARNING", pretty=True)
    wanted = Wanted(frozenset(reason or ()), frozenset(origin_topic or ()))
    try:
        typer.echo(str(asyncio.run(redrive_letters(settings, wanted))))
    except (KafkaError, NotAcknowledgedError, SettingError, OSError) as error:
        typer.echo(f"cut short, run it again to go on: {error!r}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
