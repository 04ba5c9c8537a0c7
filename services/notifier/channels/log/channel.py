"""Writes a change to the log."""

import msgspec
import structlog

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.log.message import fields
from services.notifier.channels.log.settings import LogSettings
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Verdict

log = structlog.get_logger(__name__)


class Log:
    """The notifier's log."""

    def __init__(self, _: LogSettings) -> None:
        pass

    async def send(self, message: Message) -> Verdict:
        log.info("notifier.warning.told", **fields(message))
        return Delivered()

    def preview(self, message: Message) -> str:
        return msgspec.json.encode({"event": "notifier.warning.told", **fields(message)}).decode()

    async def close(self) -> None:
        """Nothing is held."""


CHANNEL = ChannelType(LogSettings, Log)
