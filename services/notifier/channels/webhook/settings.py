"""How a webhook is configured."""

from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from services.notifier.channels.secret import LEFT_OUT, Secret
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.channels.webhook.signature import signing_key
from services.notifier.core.addresses import Network, may_be_reached
from services.notifier.core.durations import Duration, parse_duration


def _network(given: Any) -> Network:
    try:
        return ip_network(given if isinstance(given, str) else "")
    except ValueError as error:
        raise ValueError(f'expected a network such as "10.1.0.0/16": {error}') from None


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(f"expected a URL: {error}") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_fine:
        raise ValueError("expected a URL that begins with https:// (or http://) and a host")
    if parts.username is not None or parts.fragment:
        raise ValueError("expected a URL without a user, a password or a fragment")
    return given


def _usable(given: SecretStr) -> SecretStr:
    if given is not LEFT_OUT:
        signing_key(given.get_secret_value())
    return given


class WebhookSettings(ReceiverSettings):
    """A URL that takes POST requests, and the secrets that prove they are ours."""

    channel: Literal["webhook"]
    url: Annotated[str, AfterValidator(_url)]
    secrets: tuple[Annotated[Secret, AfterValidator(_usable)], ...] = Field(
        min_length=1, max_length=5, description="Each signs every message, so that a new one can be rolled out first"
    )
    timeout: Duration = Field(default=parse_duration("15s"), description="For one request, connecting included")
    allow_networks: tuple[Annotated[Network, BeforeValidator(_network)], ...] = Field(
        default=(), description="Private networks this receiver may be in"
    )
    ca_file: str | None = Field(default=None, description="PEM file that vouches for it; the system's if unset")

    @model_validator(mode="after")
    def _may_be_reached(self) -> Self:
        host = (urlsplit(self.url).hostname or "").strip("[]")
        try:
            reachable = may_be_reached(host, self.allow_networks)
        except ValueError:
            return self  # a name: its addresses are judged when connecting
        if not reachable:
            raise ValueError(f"{host} is a private address: name its network in allow_networks, if it is meant")
        return self
