"""How a webhook is configured."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from services.notifier.channels.http import HttpReceiverSettings, Url
from services.notifier.channels.secret import LEFT_OUT, Secret
from services.notifier.channels.settings import Audience
from services.notifier.channels.webhook.signature import signing_key


def _usable(given: SecretStr) -> SecretStr:
    if given is not LEFT_OUT:
        signing_key(given.get_secret_value())
    return given


class WebhookSettings(HttpReceiverSettings):
    """A URL that takes POST requests, and the secrets that prove they are ours."""

    channel: Literal["webhook"]
    audience: Audience = Audience.SYSTEMS
    url: Url
    secrets: tuple[Annotated[Secret, AfterValidator(_usable)], ...] = Field(
        min_length=1, max_length=5, description="Each signs every message, so that a new one can be rolled out first"
    )

    def targets(self) -> tuple[str]:
        return (self.url,)
