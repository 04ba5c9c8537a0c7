"""Receivers and routes from the text of a configuration; all that is wrong with it is told at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.notifier.channels import discover
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration.document import ConfigurationError, Document, Location, Mistake
from services.notifier.core.routing import Route

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ROUTES = TypeAdapter(tuple[Route, ...])


@dataclass(frozen=True, slots=True)
class Configuration:
    """Who can be told, and who is told of what."""

    receivers: Mapping[str, ReceiverSettings]
    routes: Sequence[Route]


def load(path: Path, *, without_secrets: bool = False) -> Configuration:
    """The configuration in a file. Raises ConfigurationError, also for a file that cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return read(text, str(path), without_secrets=without_secrets)


def read(text: str, name: str = "configuration", *, without_secrets: bool = False) -> Configuration:
    """The configuration that `text` writes down. `without_secrets` leaves them where they are, and unproven."""
    document = Document(text, name)
    if not isinstance(document.value, dict):
        raise document.error([Mistake((), "expected a mapping with `receivers` and `routes`")])
    given = document.value
    mistakes = [Mistake((key,), "expected `receivers` and `routes` only", True) for key in _others(given)]
    receivers = dict(_receivers(given.get("receivers"), mistakes, {"without_secrets": without_secrets}))
    routes = _routes(given.get("routes"), mistakes)
    names = given["receivers"] if isinstance(given.get("receivers"), dict) else {}
    mistakes += _strangers(routes, names, ("routes",))
    if not mistakes:
        mistakes += _untold(routes, names)
    if mistakes:
        raise document.error(mistakes)
    return Configuration(receivers, routes)


def _others(given: dict[Any, Any]) -> list[str]:
    return [str(key) for key in given if key not in ("receivers", "routes")]


def _receivers(given: Any, mistakes: list[Mistake], context: dict[str, Any]) -> Iterator[tuple[str, ReceiverSettings]]:
    if not isinstance(given, dict) or not given:
        mistakes.append(Mistake(("receivers",), "expected `receivers`, a mapping from each one's name to its settings"))
        return
    for name, settings in given.items():
        where = ("receivers", str(name))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            expected = "expected a name of lower-case letters, digits and hyphens, at most 63"
            mistakes.append(Mistake(where, f"{expected}; got {name!r}", True))
            continue
        if (found := _receiver(settings, where, mistakes, context)) is not None:
            yield name, found


def _receiver(given: Any, where: Location, mistakes: list[Mistake], context: dict[str, Any]) -> ReceiverSettings | None:
    channels = discover()
    channel = given.get("channel") if isinstance(given, dict) else None
    if not isinstance(channel, str) or channel not in channels:
        place = (*where, "channel")
        mistakes.append(Mistake(place, f"expected `channel`, one of {', '.join(channels)}; got {channel!r}"))
        return None
    try:
        return channels[channel].settings.model_validate(given, context=context)
    except ValidationError as error:
        mistakes += _told(error, where)
        return None


def _routes(given: Any, mistakes: list[Mistake]) -> tuple[Route, ...]:
    if not isinstance(given, list) or not given:
        mistakes.append(Mistake(("routes",), "expected `routes`, a list of at least one"))
        return ()
    try:
        return _ROUTES.validate_python(given)
    except ValidationError as error:
        mistakes += _told(error, ("routes",))
        return ()


def _told(error: ValidationError, where: Location) -> Iterator[Mistake]:
    """Pydantic's errors in our words. A value is never shown: it may be a secret in the wrong place."""
    found = error.errors(include_url=False, include_input=False)
    for each in found:
        if each["type"] == "too_short" and any(other["loc"][:-1] == each["loc"] for other in found):
            continue  # pydantic's echo of an item that is wrong
        unknown = each["type"] == "extra_forbidden"
        field = ".".join(part for part in each["loc"] if isinstance(part, str))
        said = "there is no such setting" if unknown else each["msg"].removeprefix("Value error, ")
        yield Mistake((*where, *each["loc"]), f"{field}: {said}" if field else said, unknown)


def _strangers(routes: Sequence[Route], names: Mapping[Any, Any], where: Location) -> Iterator[Mistake]:
    """Receivers that a route names and nobody configured."""
    for number, route in enumerate(routes):
        here = (*where, number)
        for place, name in enumerate(route.receivers):
            if name not in names:
                message = f"there is no receiver {name!r}; expected one of {', '.join(map(str, names))}"
                yield Mistake((*here, "receivers", place), message)
        yield from _strangers(route.routes, names, (*here, "routes"))


def _untold(routes: Sequence[Route], names: Mapping[Any, Any]) -> Iterator[Mistake]:
    """Receivers that no route leads to."""
    told = set(_named(routes))
    for name in names:
        if name not in told:
            yield Mistake(("receivers", name), f"no route leads to the receiver {name!r}", True)


def _named(routes: Sequence[Route]) -> Iterator[str]:
    for route in routes:
        yield from route.receivers
        yield from _named(route.routes)
