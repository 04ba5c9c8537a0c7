"""Secrets, which a configuration names and never holds: `{secret_env: NAME}` or `{secret_file: PATH}`."""

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo

EXPECTED = "expected {secret_env: NAME} or {secret_file: PATH}: a secret never stands in the configuration itself"
_EXPECTED_FILE = "expected secret_file to name a file with a secret"
LEFT_OUT = SecretStr("")
"""Stands for a secret that was not looked up, since this machine does not hold it."""


def _look_up(given: Any, info: ValidationInfo) -> SecretStr:
    if isinstance(given, SecretStr):
        return given
    if not isinstance(given, dict) or len(given) != 1:
        raise ValueError(EXPECTED)
    [(kind, place)] = given.items()
    if kind not in ("secret_env", "secret_file") or not isinstance(place, str) or not place:
        raise ValueError(EXPECTED)
    if info.context and info.context.get("without_secrets"):
        return LEFT_OUT
    sources = (info.context or {}).get("sources", {})
    return SecretStr(_from_environment(place) if kind == "secret_env" else _from_file(place, sources))


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError("expected secret_env to name an environment variable with a secret; it is not set")
    return value


def _from_file(path: str, sources: dict[str, str | None]) -> str:
    """What the file holds. `sources` learns what was read, so that a change of it is noticed."""
    try:
        content = Path(path).read_bytes()
        sources[path] = hashlib.sha256(content).hexdigest()
        value = content.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        sources.setdefault(path, None)
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"{_EXPECTED_FILE}: {said}") from None
    if not value:
        raise ValueError(f"{_EXPECTED_FILE}: it is empty")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_look_up)]
