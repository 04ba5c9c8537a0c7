"""API keys: bearer tokens, stored only as SHA-256, each with scopes and optionally bound to one event source.

A keys file is YAML:

    keys:
      - name: core-banking
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        scopes: [events]
        source: /core-banking/eu-1

Keys are 32 random bytes (`python -m services.ingest new-key` makes one), so a plain hash is enough:
there is nothing to guess that a slow hash would protect.
"""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from shared.settings import HttpSettings

Scope = Literal["events", "clock", "warnings", "acknowledge", "deliveries", "silences", "contacts"]
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


class ApiKey(BaseModel):
    """One caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: frozenset[Scope] = Field(min_length=1)
    source: str | None = Field(None, description="The only CloudEvents source this key may send")


class _KeysFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    keys: list[ApiKey] = Field(min_length=1)


class NoKeysError(Exception):
    """The service would be open to anyone, and nobody said that it should be."""


ANYONE = ApiKey(name="anyone", sha256="0" * 64, scopes=ALL_SCOPES, source=None)


class Keyring:
    """Who may call. Raises NoKeysError where neither keys nor `AUTH=off` are configured."""

    def __init__(self, keys: list[ApiKey] | None) -> None:
        self._by_hash = {key.sha256: key for key in keys or []}
        self._open = keys is None

    @classmethod
    def from_settings(cls, settings: HttpSettings) -> "Keyring":
        if settings.auth == "off":
            return cls(None)
        if not settings.auth_keys_file:
            raise NoKeysError("no API keys: set AUTH_KEYS_FILE to a keys file, or AUTH=off to let anyone call")
        return cls(_KeysFile.model_validate(yaml.safe_load(Path(settings.auth_keys_file).read_text())).keys)

    def holder(self, token: str | None) -> ApiKey | None:
        """The key this bearer token proves, or None."""
        if self._open:
            return ANYONE
        return self._by_hash.get(hashlib.sha256((token or "").encode()).hexdigest())

    def caller(self, token: str | None, scope: Scope) -> ApiKey:
        """The key this token proves. Raises HTTPException: 401 where it proves none, 403 where it lacks the scope."""
        key = self.holder(token)
        if key is None:
            raise HTTPException(401, "expected an API key: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        if scope not in key.scopes:
            raise HTTPException(403, f"key {key.name!r} lacks the scope {scope!r}")
        return key


def new_key() -> tuple[str, str]:
    """A fresh token and the SHA-256 to store."""
    token = secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header, where it is a bearer's."""
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" else None


_bearer = HTTPBearer(auto_error=False, description="An API key")


def require(keyring: Keyring, scope: Scope) -> Callable[..., ApiKey]:
    """A FastAPI dependency: the caller's key, or 401 without one and 403 without the scope."""

    def caller(_: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> ApiKey:
        return keyring.caller(given.credentials if given else None, scope)

    return caller
