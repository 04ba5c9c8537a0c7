"""The file of API keys: read whole or refused, and read again when it changes.

No message here shows what the file holds: a token put there by mistake would be in every log.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Gauge
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.auth import ApiKey, Keyring, NoKeysError
from shared.settings import HttpSettings
from shared.watching import Watched, digest_of
from shared.yaml_text import NotYamlError, compose, decoded, excerpt, file_bytes, values

log = structlog.get_logger(__name__)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    keys: list[ApiKey] = Field(min_length=1)


class KeysFileError(NoKeysError):
    """The file holds no keys that could be taken; it says what was expected, and where."""


class Keys(NamedTuple):
    """Who may call, and what has to be watched for that to stay true."""

    keyring: Keyring
    watched: Sequence[Watched]


def open_keys(settings: HttpSettings, registry: CollectorRegistry) -> Keys:
    """The keys that the settings name. Raises NoKeysError where there are none, and `AUTH` is not off."""
    refused = Gauge(
        "bellwether_keys_refused",
        "1 while the keys file as it was last read is refused and the keys before it hold, else 0",
        registry=registry,
    )
    if settings.auth == "off":
        return Keys(Keyring(None), ())
    if not settings.auth_keys_file:
        raise NoKeysError("no API keys: set AUTH_KEYS_FILE to a keys file, or AUTH=off to let anyone call")
    file = KeysFile(Path(settings.auth_keys_file), refused)
    return Keys(file.keyring, (file,))


class KeysFile:
    """Holds a keyring to its file. Raises KeysFileError where the first text is none."""

    def __init__(self, path: Path, refused: Gauge) -> None:
        self._path = path
        self._refused = refused
        self._digest: str | None = None
        self.keyring = Keyring(self._read())

    def changed(self) -> bool:
        return digest_of(self._path) != self._digest

    def refresh(self) -> None:
        """Take the keys that the file has now; where it is wrong, those before it hold."""
        try:
            keys = self._read()
        except KeysFileError as error:
            self._refused.set(1)
            log.error("keys.refused", file=str(self._path), detail=str(error))  # noqa: TRY400 - all said
            return
        self.keyring.use(keys)
        self._refused.set(0)
        log.info("keys.taken", file=str(self._path), names=[each.name for each in keys])

    def _read(self) -> list[ApiKey]:
        """Whatever comes of it, what was read is not read again until it changes."""
        self._digest = None
        try:
            content = file_bytes(self._path)
        except OSError as error:
            # Without the path, which is a token where one was set in its place.
            raise KeysFileError(f"AUTH_KEYS_FILE: expected the name of a keys file: {error.strerror}") from None
        except ValueError as error:
            raise KeysFileError(f"{self._path}: {error}") from None
        self._digest = hashlib.sha256(content).hexdigest()
        try:
            return parsed(content)
        except KeysFileError as error:
            raise KeysFileError(f"{self._path}: {error}") from None


def parsed(content: bytes) -> list[ApiKey]:
    """The keys of a keys file. Raises KeysFileError; no two may have one name or one hash."""
    try:
        text = decoded(content)
    except ValueError as error:
        raise KeysFileError(str(error)) from None
    try:
        keys = _Document.model_validate(values(compose(text, plain=True))).keys
    except NotYamlError as error:
        place = excerpt(text, error.index)
        raise KeysFileError(f"line {place.line}, column {place.column}: expected YAML: {error}") from None
    except ValidationError as error:
        raise KeysFileError("; ".join(_expected(each) for each in error.errors()[:10])) from None
    for what in ("name", "sha256"):
        _check_differ(what, [getattr(each, what) for each in keys])
    return keys


def _expected(error: Any) -> str:
    """What was expected where, without what was there: a field nobody knows may be a token as well."""
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        fields = ", ".join((ApiKey if len(location) > 1 else _Document).model_fields)
        return f"{_place(location[:-1])}: expected no fields but {fields}"
    return f"{_place(location)}: {error['msg'].replace('Input should be', 'expected', 1)}"


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the file"


def _check_differ(what: str, values: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            raise KeysFileError(f"keys.{index}.{what}: expected one of its own, keys.{first[value]} has the same")
