"""Who the borrower is."""

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.facts.family import Family
from services.warning.core.facts.order import forget_key, is_later
from services.warning.core.records import Event


class Registered(msgspec.Struct, gc=False):
    """What is read of borrower.registered."""

    kind: str
    segment: str | None = None
    sector: str | None = None
    region: str | None = None
    branch: str | None = None
    lender_unit: str | None = None
    relationship_manager: str | None = None
    group: str | None = None


class Profile(msgspec.Struct, array_like=True, omit_defaults=True):
    """The last registration. Stored by place: a new field goes last."""

    time: int = -1
    hash: int = 0
    kind: str | None = None
    segment: str | None = None
    sector: str | None = None
    region: str | None = None
    branch: str | None = None
    lender_unit: str | None = None
    relationship_manager: str | None = None
    group: str | None = None
    key: str = ""


def registered(state: Profile, event: Event, data: Registered, _: Calendar) -> int:
    """A later registration replaces an earlier one whole."""
    if is_later(event, state):
        state.time, state.hash, state.key = event.time, event.hash, event.key
        state.kind, state.segment, state.sector, state.region = data.kind, data.segment, data.sector, data.region
        state.branch, state.lender_unit = data.branch, data.lender_unit
        state.relationship_manager, state.group = data.relationship_manager, data.group
    return event.time


def holds(state: Profile, event_hash: int) -> bool:
    """A registration that was replaced left nothing behind, so only the newest is known."""
    return state.hash == event_hash


def prune(state: Profile, day: int) -> None:
    """One registration never grows old, but for what orders it among those of its time."""
    forget_key(state, day)


FAMILY = Family("profile", Profile, {"borrower.registered": (Registered, registered)}, holds, prune)
