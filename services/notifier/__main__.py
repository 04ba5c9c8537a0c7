"""The notifier's commands. Without one it serves."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop
from pydantic import TypeAdapter, ValidationError

from services.notifier.configuration import Configuration, ConfigurationError, load
from services.notifier.core.verdict import Delivered
from services.notifier.foretelling.reading import UnreadableFileError, changes_in
from services.notifier.foretelling.showing import show_all
from services.notifier.service import configuration_file, configured
from services.notifier.service import migrate as migrate_notifier
from services.notifier.service import serve as serve_notifier
from services.notifier.settings import NotifierSettings
from services.notifier.trial import send_sample, told
from shared.auth import NoKeysError
from shared.clock import WallClock
from shared.db import NotMigratedError
from shared.events.fields import Moment
from shared.log import configure_logging
from shared.settings import REFUSED, SettingError, from_environment

log = structlog.get_logger(__name__)
app = typer.Typer(help=__doc__, no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve, when no command is named."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    try:
        uvloop.run(serve_notifier(settings))
    except (NoKeysError, ConfigurationError, SettingError) as error:
        log.error("notifier.refused_to_start", reason=str(error))  # noqa: TRY400 - the sentence says it all
        raise typer.Exit(REFUSED) from None


@app.command()
def migrate() -> None:
    """Create or update the tables."""
    settings = _settings()
    try:
        uvloop.run(migrate_notifier(settings))
    except NotMigratedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The configuration")],
    *,
    without_secrets: Annotated[bool, typer.Option(help="Do not look the secrets up")] = False,
) -> None:
    """Validate a configuration: every mistake with its line and column, and exit code 1."""
    try:
        configuration = load(file, without_secrets=without_secrets)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: {len(configuration.receivers)} receivers: {', '.join(configuration.receivers)}")


@app.command("route")
def foretell_routes(
    warning: Annotated[Path, typer.Option(help="A change's data as JSON, or several, one a line")],
    *,
    at: Annotated[str, typer.Option(help="When they come, such as 2026-03-31T09:30:00Z; now if unset")] = "",
    config: Annotated[Path | None, typer.Option(help="The configuration; NOTIFIER_CONFIG if unset")] = None,
) -> None:
    """Print who would be told of changes, when and why, where nothing was open before. Nobody is told."""
    try:
        configuration = load(config or _file_of_the_settings(), without_secrets=True)
        changes = changes_in(warning)
    except (ConfigurationError, UnreadableFileError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    show_all(configuration, changes, _moment(at))


def _file_of_the_settings() -> Path:
    settings = _settings()
    if not settings.notifier_config:
        raise typer.BadParameter("expected a configuration, here or in NOTIFIER_CONFIG", param_hint="--config")
    return configuration_file(settings)


def _moment(given: str) -> datetime:
    if not given:
        return WallClock().now()
    try:
        return TypeAdapter(Moment).validate_python(given)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="--at") from None


@app.command("test")
def try_receiver(receiver: Annotated[str, typer.Argument(help="Its name in the configuration")]) -> None:
    """Send a sample to a receiver and print its verdict. Exit code 1 unless it was delivered."""
    settings = _settings()
    configuration = _configured(settings)
    if receiver not in configuration.receivers:
        names = ", ".join(configuration.receivers)
        raise typer.BadParameter(f"expected one of {names}; got {receiver!r}", param_hint="RECEIVER")
    verdict = uvloop.run(send_sample(configuration, receiver, WallClock(), settings.notifier_attempt_seconds))
    typer.echo(told(verdict))
    if not isinstance(verdict, Delivered):
        raise typer.Exit(1)


def _configured(settings: NotifierSettings) -> Configuration:
    try:
        return configured(settings)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _settings() -> NotifierSettings:
    settings = from_environment(NotifierSettings)
    configure_logging("notifier", level=settings.log_level, pretty=settings.log_pretty)
    return settings


if __name__ == "__main__":
    app()
