"""What time it is by the database's clock, which is as a rule another machine's."""

from datetime import datetime

from services.warning.store.steady import SteadyConnection


class DatabaseClock:
    """PostgreSQL's clock. It is asked again until the server answers."""

    def __init__(self, reader: SteadyConnection) -> None:
        self._reader = reader

    async def now(self) -> datetime:
        """The moment the server answers at, in UTC."""
        moment: datetime = await self._reader.read(lambda connection: connection.fetchval("SELECT clock_timestamp()"))
        return moment
