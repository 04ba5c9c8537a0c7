"""Changes that wait for one receiver and are told in one message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifier.core.grouping import Digest
from services.notifier.core.message import Purpose
from services.notifier.core.routing import Manner


@dataclass(frozen=True, slots=True)
class Gathering:
    """Where changes wait. Those with the same receiver and key wait together; `manner` is that of the first."""

    key: str
    purpose: Purpose
    manner: Manner
    common: Mapping[str, str] = field(default_factory=dict)
    wake: str | None = None
    """What may make it due earlier: a silence, or an open warning."""
    due_at: datetime | None = None
    told_at: datetime | None = None


def next_digest(digest: Digest, now: datetime) -> datetime:
    """The next of its times after now, by its clock; one that the clock leaves out is told at the end of that hour."""
    zone = ZoneInfo(digest.time_zone)
    today = now.astimezone(zone).date()
    moments = [
        datetime.combine(today + timedelta(days=days), time.fromisoformat(clock), zone).astimezone(ZoneInfo("UTC"))
        for days in (0, 1, 2)
        for clock in digest.at
    ]
    return min(each for each in moments if each > now)
