"""What a family of facts is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.records import Event

LATENESS_DAYS = 45
"""An event may come this many days behind its borrower's clock."""
KEPT_DAYS = 400
"""Dated items are kept this long, so that a year's window and a warning's raise can be looked at again."""

Apply = Callable[[Any, Event, Any, Calendar], int]
"""(state, event, its decoded data, calendar) -> the first moment as of which the facts now differ. Changes the state in
place. Commutative: any order of the same events leaves the same state."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of facts: what it remembers and which events it reads."""

    name: str
    state: type[msgspec.Struct]
    handlers: Mapping[str, tuple[type[msgspec.Struct], Apply]]
    """By event type: the struct of the fields it reads, and what it does with them."""
    holds: Callable[[Any, int], bool]
    """(state, event hash) -> whether an item of that event is among the facts."""
    prune: Callable[[Any, int], None]
    """(state, day) -> forget, in place, what matters to no question as of that day or later."""
