"""Settings every service has. Each is read from the environment, for example `KAFKA_BOOTSTRAP`."""

import re
import sys
from collections.abc import Iterator
from typing import Annotated, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, Field, PostgresDsn, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.database_url import database_address

_BROKER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
REFUSED = 2
"""The exit status of a process that was told something that it cannot mean."""


class FromEnvironment(BaseSettings):
    """Settings whose errors never show what was given: it may be a secret, or have one in it."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)


class SettingError(Exception):
    """What a setting names is not what it should be. Its words never show what was given."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: {expected}")
        self.expected = expected


Settings = TypeVar("Settings", bound=FromEnvironment)


def from_environment(settings: type[Settings]) -> Settings:
    """The settings. Where some are wrong it says so on standard error, a line each, and ends the process."""
    try:
        return settings()
    except ValidationError as error:
        refuse(*complaints(error))


def refuse(*said: str) -> NoReturn:
    """End the process before anything is begun, and say why."""
    sys.stderr.writelines(f"{each}\n" for each in said)
    raise SystemExit(REFUSED)


def complaints(error: ValidationError) -> Iterator[str]:
    """One line for each setting that is wrong: its name and what was expected."""
    for each in error.errors(include_url=False, include_input=False):
        name = "".join(f"{part}: " for part in each["loc"]).upper()
        said = each["msg"].removeprefix("Value error, ").replace("Input should be", "expected", 1)
        yield f"{name}{said}"


class HttpSettings(FromEnvironment):
    """Where the service listens and who may call it."""

    http_host: str = Field(
        default="127.0.0.1", pattern=r"^[A-Za-z0-9.:_-]+$", description="Address the HTTP server listens on"
    )
    http_port: int = Field(default=8080, ge=0, le=65535, description="Port the HTTP server listens on")
    auth: Literal["keys", "off"] = Field(
        default="keys", description="`off` lets anyone call; only for a closed machine"
    )
    auth_keys_file: str = Field(default="", description="YAML file of hashed API keys, see `shared/auth.py`")
    http_body_seconds: float = Field(default=10.0, gt=0, description="Time a caller has to send a request's body")
    http_connections: int = Field(
        default=500, ge=1, description="Connections held at once; beyond them the longest idle ends, then 503"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What is worth a line")
    log_pretty: bool = Field(default=False, description="Lines for a person at a terminal instead of JSON")


def _brokers(given: str) -> str:
    if not all(_BROKER.fullmatch(each.strip()) for each in given.split(",")):
        raise ValueError("expected host:port of one or more brokers, comma-separated")
    return given


Brokers = Annotated[str, AfterValidator(_brokers)]


class KafkaSettings(FromEnvironment):
    """The broker."""

    kafka_bootstrap: Brokers = Field(
        default="127.0.0.1:9092", description="host:port of one or more brokers, comma-separated"
    )
    kafka_topic_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="Put before every topic and group name, to share a cluster",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Whether the connection is encrypted, and whether it signs in"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How it signs in, with SASL"
    )
    kafka_username: str | None = Field(default=None, description="The user it signs in as")
    kafka_password: SecretStr | None = Field(default=None, description="That user's password")
    kafka_ca_file: str | None = Field(
        default=None, description="PEM file that vouches for the broker; the system's if unset"
    )
    kafka_stall_seconds: float = Field(
        default=300.0,
        ge=0,
        description="Once records have waited this long and none was dealt with, `/readyz` says so; 0: never",
    )


def _understood(url: PostgresDsn) -> PostgresDsn:
    database_address(str(url))
    return url


class DatabaseSettings(FromEnvironment):
    """The database. Each service keeps its tables in a schema of its own name."""

    database_url: Annotated[PostgresDsn, AfterValidator(_understood)] = Field(
        default=PostgresDsn("postgresql://postgres@127.0.0.1:5432/bellwether"),
        repr=False,
        description="postgresql://user:password@host:port/database, and after a `?` parameters, see below",
    )


class ClockSettings(FromEnvironment):
    """Whose clock is business time; the same for ingest and the warning service."""

    warning_clock: Literal["wall", "event"] = Field(
        default="wall",
        description="`wall`: the machine's; `event`: clock.advanced events tell it, for history, demo and tests",
    )
