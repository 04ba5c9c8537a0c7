"""What the demo's webhook receivers have been told: its system change by change, its people as they are written to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from services.notifier.core.message import Purpose
from shared.warnings import Kind, WarningChange


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a person got it. `changes` are the ids of those it tells of, what leads it first."""

    receiver: str
    at: float
    purpose: Purpose
    changes: tuple[UUID, ...]
    total: int
    common: Mapping[str, str]
    acknowledge_url: str | None

    @classmethod
    def read(cls, receiver: str, payload: Mapping[str, Any], at: float) -> "Letter":
        """A webhook's body: of several warnings in brief, or of one."""
        data = payload["data"]
        return cls(
            receiver,
            at,
            Purpose(payload.get("purpose", Purpose.CHANGE)),
            tuple(UUID(each["change_id"]) for each in data.get("changes", [data])),
            data.get("total", 1),
            data.get("common", {}),
            payload.get("acknowledge_url"),
        )


def _nobody_looks(_: WarningChange) -> None:
    pass


def _nobody_answers(_: Letter) -> None:
    pass


class Deliveries:
    """All of it in the order of delivery. `show` is called with each change, and `hand` with each letter."""

    def __init__(self) -> None:
        self.changes: list[WarningChange] = []
        """What the system has been told, but for acknowledgements."""
        self.acknowledged: dict[UUID, WarningChange] = {}
        """By warning: that somebody answers for it."""
        self.known: dict[UUID, WarningChange] = {}
        """By its id, each change the system was told of."""
        self.at: dict[UUID, float] = {}
        """When that was."""
        self.letters: list[Letter] = []
        """What people were told."""
        self.show: Callable[[WarningChange], None] = _nobody_looks
        self.hand: Callable[[Letter], None] = _nobody_answers

    def take(self, payload: Mapping[str, Any]) -> None:
        """Take what the system is told. Raises ValidationError where the body's data is not a warning change."""
        change = WarningChange.model_validate(payload["data"])
        self.known[change.change_id] = change
        self.at[change.change_id] = monotonic()
        if change.kind is Kind.ACKNOWLEDGED:
            self.acknowledged[change.warning_id] = change
        else:
            self.changes.append(change)
        self.show(change)

    def taker(self, receiver: str) -> Callable[[Mapping[str, Any]], None]:
        """What takes the messages to one of the people."""

        def take(payload: Mapping[str, Any]) -> None:
            letter = Letter.read(receiver, payload, monotonic())
            self.letters.append(letter)
            self.hand(letter)

        return take
