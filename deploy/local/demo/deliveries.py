"""What the demo's webhook receiver has been told, as warning changes."""

from collections.abc import Callable
from typing import Any

from shared.warnings import WarningChange


def _nobody_looks(_: WarningChange) -> None:
    pass


class Deliveries:
    """Every change delivered so far, in the order of delivery; `show` is called with each as it comes."""

    def __init__(self) -> None:
        self.changes: list[WarningChange] = []
        self.show: Callable[[WarningChange], None] = _nobody_looks

    def take(self, payload: dict[str, Any]) -> None:
        """Take a webhook's body. Raises ValidationError where its data is not a warning change."""
        change = WarningChange.model_validate(payload["data"])
        self.changes.append(change)
        self.show(change)
