"""The warning service's commands. Without one it serves."""

from typing import Annotated

import structlog
import typer
import uvloop

from services.warning.replay.commands import check, replay
from services.warning.service import migrate as migrate_warning
from services.warning.service import serve as serve_warning
from services.warning.settings import Settings
from shared.auth import NoKeysError
from shared.db import NotMigratedError
from shared.log import configure_logging
from shared.settings import REFUSED, SettingError, from_environment

log = structlog.get_logger(__name__)
app = typer.Typer(help=__doc__, no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve, when no command is named."""
    if context.invoked_subcommand is not None:
        return
    settings = _configured()
    try:
        uvloop.run(serve_warning(settings))
    except (NoKeysError, SettingError) as error:
        log.error("warning.refused_to_start", reason=str(error))  # noqa: TRY400 - the sentence says it all
        raise typer.Exit(REFUSED) from None


@app.command("migrate")
def migrate(
    *,
    topics: Annotated[bool, typer.Option(help="Create the topics that are missing too")] = True,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each new topic; they never change")] = 4,
    replication: Annotated[int, typer.Option(min=1, help="Replicas of each partition; 3 in production")] = 1,
) -> None:
    """Create or update the tables, and create the topics."""
    settings = _configured()
    try:
        uvloop.run(migrate_warning(settings, partitions=partitions if topics else None, replication=replication))
    except (NotMigratedError, SettingError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


app.command("check")(check)
app.command("replay")(replay)


def _configured() -> Settings:
    settings = from_environment(Settings)
    configure_logging("warning", level=settings.log_level, pretty=settings.log_pretty)
    return settings


if __name__ == "__main__":
    app()
