"""Messages for the channels' tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.notifier.channels.channel import Channel
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Verdict
from shared.warnings import WarningChange
from tests.changes import change
from tests.sink import Received

ID = UUID(int=7)
NOW = datetime(2026, 3, 1, 9, 31, 2, tzinfo=UTC)
LOOPBACK = ["127.0.0.0/8"]


def message(told: WarningChange | None = None, sent_at: datetime = NOW) -> Message:
    """A change on its way: that of `tests.changes.change` where none is given."""
    told = told or change()
    return Message(ID, told, told.model_dump_json().encode(), created_at=sent_at, sent_at=sent_at)


def several(*others: WarningChange, **fields: Any) -> Message:
    """A group: the change of `message`, and these."""
    told = {"purpose": Purpose.GROUP, "others": others, "total": 1 + len(others), **fields}
    return replace(message(), **told)


async def sent(channel: Channel, given: Message | None = None) -> Verdict:
    """The channel's verdict on one message."""
    try:
        return await channel.send(given or message())
    finally:
        await channel.close()


def says(status: int, body: str | dict[str, Any] = "", **headers: str) -> Callable[[Received], web.Response]:
    """An answer of a sink; a dictionary is written as JSON."""
    text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
    return lambda _: web.Response(status=status, text=text, headers=headers)
