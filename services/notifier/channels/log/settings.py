"""How the log channel is configured: not at all."""

from typing import Literal

from services.notifier.channels.settings import Audience, ReceiverSettings


class LogSettings(ReceiverSettings):
    """Warnings as log lines of event `notifier.warning.told`."""

    channel: Literal["log"]
    audience: Audience = Audience.SYSTEMS
