"""Warning changes to tell of."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level, WarningChange

DAY = datetime(2025, 5, 1, tzinfo=UTC)


def change(life: str, kind: Kind, level: Level | None, previous: Level | None = None, day: int = 1) -> WarningChange:
    """A change in the life of the warning called `life`."""
    return sample_change(
        DAY.replace(day=day),
        ordinal=day,
        kind=kind,
        level=level,
        previous_level=previous,
        warning_id=uuid5(NAMESPACE_URL, life),
    )
