"""Sends receivers that ask for it a message every so often, over the same path as all others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.configuration import Configuration
from services.notifier.core.message import Purpose, heartbeat_id
from services.notifier.core.samples import sample_change
from services.notifier.store import heartbeats
from services.notifier.store.making import NewDelivery

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot(every: timedelta, now: datetime) -> datetime:
    """When the heartbeat that is due now was due: the same in every replica, and after every restart."""
    return _EPOCH + (now - _EPOCH) // every * every


class HeartbeatsDue:
    """Makes the heartbeat of the slot that has begun. Slots in which no replica ran are left out."""

    def __init__(self, configuration: Configuration) -> None:
        self._receivers = configuration.receivers
        self._made: set[UUID] = set()

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration."""
        self._receivers = configuration.receivers

    async def take(self, connection: "asyncpg.Connection[Any]", now: datetime) -> set[str]:
        """Within a transaction: do what is due. Those there is something for now."""
        due = {each.id: each for each in self._due(now)}
        self._made &= due.keys()
        if unsure := [each for each in due if each not in self._made]:
            # Only what is committed is believed: this transaction may not be.
            self._made |= await heartbeats.known(connection, unsure)
        fresh = [each for each in due.values() if each.id not in self._made]
        made = await heartbeats.beat(connection, fresh, now) if fresh else set[UUID]()
        return {each.receiver for each in fresh if each.id in made}

    def _due(self, now: datetime) -> Iterator[NewDelivery]:
        for name, settings in self._receivers.items():
            if settings.heartbeat is None:
                continue
            at = slot(settings.heartbeat, now)
            beat = heartbeat_id(name, at)
            lives = min(settings.retry.deadline, settings.heartbeat)  # the next one proves as much
            yield NewDelivery(
                beat, sample_change(at, warning_id=beat), name, settings.channel, at + lives, Purpose.HEARTBEAT
            )
