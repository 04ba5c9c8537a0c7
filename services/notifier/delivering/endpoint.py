"""One receiver as a worker sees it: its channel, and how much more may be under way to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.notifier.channels import discover
from services.notifier.channels.channel import Channel
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.schedule import RetrySchedule


@dataclass(slots=True)
class Endpoint:
    """Room is counted for each receiver alone, so that one that hangs holds up nobody else."""

    name: str
    channel_name: str
    channel: Channel
    concurrency: int
    schedule: RetrySchedule
    under_way: int = 0
    expectant: bool = True
    """There may be something due to it."""

    @property
    def room(self) -> int:
        return self.concurrency - self.under_way


def open_endpoints(receivers: Mapping[str, ReceiverSettings]) -> dict[str, Endpoint]:
    """An endpoint for each receiver of a configuration. None of them connects yet."""
    channels = discover()
    return {
        name: Endpoint(
            name, settings.channel, channels[settings.channel].open(settings), settings.concurrency, settings.retry
        )
        for name, settings in receivers.items()
    }
