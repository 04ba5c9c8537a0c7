"""What channels that post over HTTP have in common: URLs, private networks, time, and certificates."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from services.notifier.channels.secret import LEFT_OUT, Secret
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.addresses import Network, may_be_reached
from services.notifier.core.durations import Duration, parse_duration
from services.notifier.outbound.post import Poster

_EXPECTED_URL = "expected a URL that begins with https:// (or http://) and a host"


def _network(given: Any) -> Network:
    try:
        return ip_network(given if isinstance(given, str) else "")
    except ValueError:
        raise ValueError('expected a network such as "10.1.0.0/16", all its host bits 0') from None


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(_EXPECTED_URL) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_fine:
        raise ValueError(_EXPECTED_URL)
    if parts.username is not None or parts.fragment:
        raise ValueError("expected a URL without a user, a password or a fragment")
    return given


def _secret_url(given: SecretStr) -> SecretStr:
    if given is LEFT_OUT:
        return given
    try:
        _url(given.get_secret_value())
    except ValueError:
        raise ValueError("expected the secret to be a URL that begins with https:// (or http://) and a host") from None
    return given


Url = Annotated[str, AfterValidator(_url)]
SecretUrl = Annotated[Secret, AfterValidator(_secret_url)]
"""A URL that is itself the key to the receiver, as chat robots have it."""


class HttpReceiverSettings(ReceiverSettings):
    """A receiver behind one or more URLs, which `targets` names."""

    timeout: Duration = Field(default=parse_duration("15s"), description="For one request, connecting included")
    allow_networks: tuple[Annotated[Network, BeforeValidator(_network)], ...] = Field(
        default=(), description="Private networks this receiver may be in"
    )
    ca_file: str | None = Field(default=None, description="PEM file that vouches for it; the system's if unset")

    def targets(self) -> Iterable[str]:
        """The URLs it is posted to; one whose secret was left out is empty."""
        raise NotImplementedError

    def poster(self) -> Poster:
        """The way to these URLs, and to no address that is not allowed."""
        return Poster(
            seconds=self.timeout.total_seconds(),
            connections=self.concurrency,
            allowed=self.allow_networks,
            ca_file=self.ca_file,
        )

    @model_validator(mode="after")
    def _may_be_reached(self) -> Self:
        for url in self.targets():
            host = (urlsplit(url).hostname or "").strip("[]")
            try:
                reachable = may_be_reached(host, self.allow_networks)
            except ValueError:
                continue  # a name: its addresses are judged when connecting
            if not reachable:
                raise ValueError(f"{host} is a private address: name its network in allow_networks, if it is meant")
        return self
