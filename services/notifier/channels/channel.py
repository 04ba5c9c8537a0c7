"""What a channel is: a folder whose `channel.py` holds a CHANNEL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.message import Message
from services.notifier.core.verdict import Verdict
from shared.warnings import WarningChange


class Channel(Protocol):
    """The way to one receiver."""

    async def send(self, message: Message) -> Verdict:
        """Try once and say how it went. Called for several messages at once, and cancelled when it takes too long.

        It never tries again by itself on a refusal, never sleeps, and tells every failure it knows as a verdict.
        """
        ...

    def preview(self, message: Message) -> str:
        """What `send` would send, as text, without sending it."""
        ...

    async def close(self) -> None:
        """Let go of connections. Called once, after the last `send`."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelType:
    """A kind of channel: how its receivers are configured, and how one of them is opened."""

    settings: type[ReceiverSettings]
    open: Callable[[Any], Channel]
    """Makes the channel of one receiver from its settings; connects only when it sends."""


@dataclass(frozen=True, slots=True)
class Example:
    """A receiver's settings as a configuration writes them, and what a message to it must say of a change."""

    name: str
    settings: dict[str, Any]
    change: WarningChange
    says: tuple[str, ...]
    around: Mapping[str, Any] = field(default_factory=dict)
    """What the message is besides the change: its purpose, others, recipient or link."""
