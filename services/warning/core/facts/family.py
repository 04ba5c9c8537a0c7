"""What a family of facts is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.records import Event

LATENESS_DAYS = 45
"""An event may come this many days behind its borrower's clock."""
KEPT_DAYS = 400
"""Dated items are kept this long, so that a year's window and a warning's raise can be looked at again."""


class Remark(NamedTuple):
    """Something a family cannot go by and must not keep to itself. It changes no outcome."""

    name: str
    """One word, for a metric."""
    about: str
    """What it is about: a loan's id, say."""
    detail: str
    """In a sentence, for people."""


class Since(int):
    """A moment, with what there is to remark on besides."""

    remarks: Sequence[Remark]

    def __new__(cls, moment: int, *remarks: Remark) -> "Since":
        made = super().__new__(cls, moment)
        made.remarks = remarks
        return made


Apply = Callable[[Any, Event, Any, Calendar], int]
"""(state, event, its decoded data, calendar) -> the first moment as of which the facts now differ; a Since, where there
is something to remark on. Changes the state in place. Commutative: any order of the same events leaves one state."""
Check = Callable[[Any, Event, Any], Remark | None]
"""(state, event, its decoded data) -> why it cannot be applied, under the name of that outcome; asked before anything
changes."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of facts: what it remembers and which events it reads."""

    name: str
    state: type[msgspec.Struct]
    handlers: Mapping[str, tuple[type[msgspec.Struct], Apply]]
    """By event type: the struct of the fields it reads, and what it does with them."""
    holds: Callable[[Any, int], bool]
    """(state, event hash) -> whether an item of that event is among the facts."""
    prune: Callable[[Any, int], Sequence[Remark] | None]
    """(state, day) -> forget, in place, what matters to no question as of that day or later; what to remark on then."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """By event type, for those that may not fit what is known."""
