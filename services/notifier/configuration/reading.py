"""Receivers and routes from the text of a configuration; all that is wrong with it is told at once."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.notifier.channels import discover
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration.document import ConfigurationError, Document, Location, Mistake
from services.notifier.configuration.references import strangers, untold
from services.notifier.configuration.sections import EXPECTED, SECTIONS, Configuration
from shared.yaml_text import decoded, file_bytes

Sources = dict[str, str | None]
"""Files that were read, with the SHA-256 of what was in them; None where they could not be."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def load(path: Path, *, without_secrets: bool = False, sources: Sources | None = None) -> Configuration:
    """The configuration in a file. Raises ConfigurationError, also for a file that cannot be read.

    In `sources` it leaves which files it has read, and what was in them.
    """
    sources = {} if sources is None else sources
    try:
        content = file_bytes(path)
        sources[str(path)] = hashlib.sha256(content).hexdigest()
        text = decoded(content)
    except (OSError, ValueError) as error:
        sources.setdefault(str(path), None)
        raise ConfigurationError(f"{path}: {error}") from None
    return read(text, str(path), without_secrets=without_secrets, sources=sources)


def read(
    text: str, name: str = "configuration", *, without_secrets: bool = False, sources: Sources | None = None
) -> Configuration:
    """The configuration that `text` writes down. `without_secrets` leaves them where they are, and unproven."""
    document = Document(text, name)
    if not isinstance(document.value, dict):
        raise document.error([Mistake((), "expected a mapping with `receivers` and `routes`")])
    given = document.value
    context = {"without_secrets": without_secrets, "sources": {} if sources is None else sources}
    mistakes = [Mistake((key,), f"expected {EXPECTED} only", True) for key in _others(given)]
    receivers = dict(_receivers(given.get("receivers"), mistakes, context))
    found = {key: value for key in SECTIONS if (value := _section(key, given, mistakes, context)) is not None}
    mistakes += strangers(given, receivers, found)
    if not mistakes:
        mistakes += untold(receivers, found)
    if not mistakes and not without_secrets:
        mistakes += _unopened(receivers)
    if mistakes:
        raise document.error(mistakes)
    return Configuration(receivers, **found)


def _unopened(receivers: Mapping[str, ReceiverSettings]) -> Iterator[Mistake]:
    """Receivers whose files are not there or not what they should be. Opening one does not connect it."""
    channels = discover()
    for name, settings in receivers.items():
        try:
            channels[settings.channel].open(settings)
        except (OSError, ValueError) as error:
            yield Mistake(("receivers", name), f"cannot be opened: {error}", True)


def _others(given: dict[Any, Any]) -> list[str]:
    return [str(key) for key in given if key != "receivers" and key not in SECTIONS]


def _section(key: str, given: dict[Any, Any], mistakes: list[Mistake], context: dict[str, Any]) -> Any:
    """A section's value; None where it is left out, or wrong."""
    value = given.get(key)
    if key == "routes" and (not isinstance(value, list) or not value):
        mistakes.append(Mistake(("routes",), "expected `routes`, a list of at least one"))
        return None
    if key not in given:
        return None
    try:
        return SECTIONS[key].validate_python(value, context=context)
    except ValidationError as error:
        mistakes += _told(error, (key,))
        return None


def _receivers(given: Any, mistakes: list[Mistake], context: dict[str, Any]) -> Iterator[tuple[str, ReceiverSettings]]:
    if not isinstance(given, dict) or not given:
        mistakes.append(Mistake(("receivers",), "expected `receivers`, a mapping from each one's name to its settings"))
        return
    for name, settings in given.items():
        where = ("receivers", str(name))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            expected = "expected a name of lower-case letters, digits and hyphens, at most 63"
            mistakes.append(Mistake(where, expected, True))
            continue
        if (found := _receiver(settings, where, mistakes, context)) is not None:
            yield name, found


def _receiver(given: Any, where: Location, mistakes: list[Mistake], context: dict[str, Any]) -> ReceiverSettings | None:
    channels = discover()
    channel = given.get("channel") if isinstance(given, dict) else None
    if not isinstance(channel, str) or channel not in channels:
        place = (*where, "channel")
        mistakes.append(Mistake(place, f"expected `channel`, one of {', '.join(channels)}"))
        return None
    try:
        return channels[channel].settings.model_validate(given, context=context)
    except ValidationError as error:
        mistakes += _told(error, where)
        return None


def _told(error: ValidationError, where: Location) -> Iterator[Mistake]:
    """Pydantic's errors in our words. No value and no strange key is shown: it may be a secret in the wrong place."""
    found = error.errors(include_url=False, include_input=False)
    for each in found:
        if each["type"] == "too_short" and any(other["loc"][:-1] == each["loc"] for other in found):
            continue  # pydantic's echo of an item that is wrong
        unknown = each["type"] == "extra_forbidden"
        field = ".".join(_known(each["loc"], unknown=unknown))
        said = "there is no such setting" if unknown else each["msg"].removeprefix("Value error, ")
        yield Mistake((*where, *each["loc"]), f"{field}: {said}" if field else said, unknown)


def _known(location: Location, *, unknown: bool) -> list[str]:
    """The names that lead to a mistake, without one that is the mistake itself."""
    names = [part for part in location if isinstance(part, str)]
    if names[-1:] == ["[key]"]:  # pydantic's mark of a key that is none
        return names[:-2]
    return names[:-1] if unknown else names
