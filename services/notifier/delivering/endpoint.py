"""One receiver as a worker sees it: its channel, how much more may be under way to it, and how it has behaved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.notifier.channels import discover
from services.notifier.channels.channel import Channel
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.flow import Circuit, CircuitState
from services.notifier.core.verdict import Verdict

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Endpoint:
    """Room is counted for each receiver alone, so that one that hangs holds up nobody else."""

    name: str
    channel: Channel
    settings: ReceiverSettings
    circuit: Circuit
    under_way: int = 0
    expectant: bool = True
    """There may be something due to it."""
    paced_until: float = 0.0
    """By the loop's clock: its rate lets nothing through before."""
    retired: bool = False
    """The configuration has it no more, or another way: once nothing is under way, its channel is closed."""

    @property
    def channel_name(self) -> str:
        return self.settings.channel

    @property
    def room(self) -> int:
        return self.settings.concurrency - self.under_way

    def claimable(self, now: datetime, time: float) -> int:
        """How many may be claimed for it now."""
        return self.circuit.admits(self.room, now) if self.expectant and time >= self.paced_until else 0

    def wait(self, now: datetime, time: float) -> float | None:
        """Seconds until something may be claimed that may not be now; None where time alone changes nothing."""
        if not self.expectant or self.room <= 0 or self.circuit.trying:
            return None
        circuit = (self.circuit.until - now).total_seconds() if self.circuit.until is not None else 0.0
        wait = max(self.paced_until - time, circuit)
        return wait if wait > 0 else None

    def begin(self, now: datetime) -> bool:
        """One more is under way. Whether it is a broken receiver's trial."""
        self.under_way += 1
        trial = self.circuit.state(now) is CircuitState.HALF_OPEN
        if trial:
            self.circuit = self.circuit.begun()
        return trial

    def hear(self, verdict: Verdict, now: datetime, *, trial: bool) -> None:
        """What an attempt says of the receiver."""
        before = self.circuit
        self.circuit = before.heard(verdict, now, trial=trial, most=self.settings.retry.longest_asked)
        if before.broken_at is None and self.circuit.broken_at is not None:
            log.warning("notifier.receiver.broken", receiver=self.name, failures=self.circuit.failures)
        elif before.broken_at is not None and self.circuit.broken_at is None:
            log.info("notifier.receiver.mended", receiver=self.name, since=before.broken_at.isoformat())


def open_endpoints(receivers: Mapping[str, ReceiverSettings]) -> dict[str, Endpoint]:
    """An endpoint for each receiver of a configuration. None of them connects yet."""
    channels = discover()
    return {
        name: Endpoint(name, channels[settings.channel].open(settings), settings, Circuit(settings.breaker))
        for name, settings in receivers.items()
    }
