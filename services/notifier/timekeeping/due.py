"""What every kind of thing that falls due looks like to the timekeeper."""

from datetime import datetime
from typing import Any, Protocol

import asyncpg

from services.notifier.configuration import Configuration


class Due(Protocol):
    """Something that falls due by the clock, whichever replica looks first."""

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration."""
        ...

    async def take(self, connection: "asyncpg.Connection[Any]", now: datetime) -> set[str]:
        """Within a transaction: do some of what is due and no other transaction's. Whom there is something for now."""
        ...
