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
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from shared.texts import Line

Scope = Literal["events", "clock", "warnings", "acknowledge", "deliveries", "silences", "contacts"]
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


class ApiKey(BaseModel):
    """One caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: frozenset[Scope] = Field(min_length=1)
    source: str | None = Field(None, description="The only CloudEvents source this key may send")


class NoKeysError(Exception):
    """The service would be open to anyone, and nobody said that it should be."""


ANYONE = ApiKey(name="anyone", sha256="0" * 64, scopes=ALL_SCOPES, source=None)


class Keyring:
    """Who may call, at this moment: anyone where `keys` is None."""

    def __init__(self, keys: Sequence[ApiKey] | None) -> None:
        self._open = keys is None
        self.use(keys or ())

    def use(self, keys: Sequence[ApiKey]) -> None:
        """Go on with these: a key that is not among them proves nothing any more."""
        self._by_hash = {key.sha256: key for key in keys}

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


class Required:
    """A FastAPI dependency: the caller's key, or 401 without one and 403 without the scope.

    `shared.http.Entrance` finds it at the routes and asks it before anything of a body is read.
    """

    def __init__(self, keyring: Keyring, scope: Scope) -> None:
        self._keyring = keyring
        self._scope = scope

    def __call__(self, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> ApiKey:
        return self.caller(given.credentials if given else None)

    def caller(self, token: str | None) -> ApiKey:
        """The key this token proves. Raises HTTPException (401, 403)."""
        return self._keyring.caller(token, self._scope)


def require(keyring: Keyring, scope: Scope) -> Required:
    """What a route says whose callers need `scope`."""
    return Required(keyring, scope)
