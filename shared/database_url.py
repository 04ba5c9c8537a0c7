"""DATABASE_URL taken apart: which server, as whom, and how the connection is encrypted, as PostgreSQL's libpq has it.

No message here shows a part of the URL but the names of its parameters: it holds a password.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SYSTEM = "system"
"""As `sslrootcert`: the authorities that the machine trusts, and nothing less than verify-full."""
_TLS: Final[tuple[str, ...]] = ("sslmode", "sslrootcert", "sslcert", "sslkey")
KNOWN: Final = ("host", "application_name", *_TLS)
DEFAULT_DATABASE = "postgres"
_WRITTEN = "postgresql://user:password@host:port/database"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is, and what its server has to prove."""

    host: str | None
    port: int | None
    user: str | None
    password: str | None = field(repr=False)
    database: str
    application_name: str | None
    tls: Mapping[str, str]
    """sslmode, sslrootcert, sslcert and sslkey, those that are given."""

    def arguments(self, server_settings: Mapping[str, str]) -> dict[str, Any]:
        """What `asyncpg.connect` takes. What is not given it finds in the environment (PGSSLMODE …), as libpq does."""
        named = {} if self.application_name is None else {"application_name": self.application_name}
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "server_settings": {**server_settings, **named},
            **_encryption(self.tls),
        }


def database_address(url: str) -> DatabaseAddress:
    """The address that `url` writes down; files that it names are read. Raises ValueError with what was expected."""
    parts = urlsplit(url)
    host = _one_host(parts)
    given = dict(_parameters(parts))
    tls = {name: given[name] for name in _TLS if name in given}
    _check(tls)
    return DatabaseAddress(
        given.get("host") or host,
        parts.port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        unquote(parts.path.lstrip("/")) or DEFAULT_DATABASE,
        given.get("application_name"),
        tls,
    )


def _one_host(parts: SplitResult) -> str | None:
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError("expected one host: which of several may be written to is not asked")
    return parts.hostname


def _parameters(parts: SplitResult) -> Iterator[tuple[str, str]]:
    """Each parameter once, with its value."""
    if "@" in parts.query or parts.fragment:
        raise ValueError(f"expected {_WRITTEN}, with '/', '?', '#' and '@' in a password as %2F, %3F, %23 and %40")
    seen: set[str] = set()
    for written in filter(None, parts.query.split("&")):
        name, _, value = (unquote(each) for each in written.partition("="))
        if name not in KNOWN:
            raise ValueError(f"expected no parameters but {', '.join(KNOWN)}; got {name!r}")
        if not value or name in seen:
            raise ValueError(f"expected {name} once, with a value")
        seen.add(name)
        yield name, value


def _check(tls: Mapping[str, str]) -> None:
    mode, root = tls.get("sslmode"), tls.get("sslrootcert")
    if mode is not None and mode not in MODES:
        raise ValueError(f"expected sslmode as one of {', '.join(MODES)}")
    if root == SYSTEM and mode not in (None, "verify-full"):
        raise ValueError("expected sslmode=verify-full with sslrootcert=system: anybody has a certificate of those")
    if "sslkey" in tls and "sslcert" not in tls:
        raise ValueError("expected sslcert with sslkey: a key proves nothing without its certificate")
    if mode is not None and mode.startswith("verify-") and root is None and not _usual_root():
        raise ValueError(f"expected sslrootcert with sslmode={mode}: the file of who vouches for the server, or system")
    _check_files(tls)


def _usual_root() -> bool:
    """Whether libpq, and so asyncpg, would know by itself who vouches for the server."""
    return bool(os.environ.get("PGSSLROOTCERT")) or (Path.home() / ".postgresql" / "root.crt").is_file()


def _check_files(tls: Mapping[str, str]) -> None:
    """A file that is not there would look like a server that is away, for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if (root := tls.get("sslrootcert")) not in (None, SYSTEM):
            context.load_verify_locations(root)
    except OSError as error:
        raise ValueError(f"expected sslrootcert as a PEM file of certificates: {_why(error)}") from None
    try:
        _prove(context, tls)
    except OSError as error:
        expected = "expected sslcert and sslkey as PEM files of a certificate and its key, not encrypted"
        raise ValueError(f"{expected}: {_why(error)}") from None


def _why(error: OSError) -> str:
    """In the system's words, or OpenSSL's, without the file."""
    return (isinstance(error, ssl.SSLError) and error.reason) or error.strerror or type(error).__name__


def _prove(context: ssl.SSLContext, tls: Mapping[str, str]) -> None:
    if "sslcert" in tls:
        context.load_cert_chain(tls["sslcert"], tls.get("sslkey"), password=lambda: "")


def _encryption(tls: Mapping[str, str]) -> dict[str, Any]:
    """In asyncpg's terms: a DSN of nothing else, which it reads as libpq does; it does not know `system`."""
    if tls.get("sslrootcert") == SYSTEM:
        context = ssl.create_default_context()
        _prove(context, tls)
        return {"ssl": context}
    return {"dsn": f"postgresql://?{urlencode(tls)}"} if tls else {}
