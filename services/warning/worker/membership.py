"""What the consumer group says, noted for the loop to act on."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiokafka import ConsumerRebalanceListener, TopicPartition

RELEASE_SECONDS = 5.0
"""How long a rebalance waits for the transaction in flight; the group itself waits 10 s."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """One membership of the group, from joining to leaving.

    aiokafka marks an assignment active before it calls back, runs the callbacks beside the loop and only logs what they
    raise. So they note, and the loop takes partitions and lets them go.
    """

    def __init__(self) -> None:
        self.revoking = False
        self._assigned: frozenset[int] | None = None
        self._released = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Keep the rebalance waiting until the loop has let go, but no longer than RELEASE_SECONDS."""
        self._assigned = None
        if revoked:
            self.revoking = True
            self._released.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._released.wait(), RELEASE_SECONDS)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note the assignment of the group's current generation."""
        self._assigned = frozenset(each.partition for each in assigned)

    def released(self) -> None:
        """The loop has let go of everything it owned."""
        self.revoking = False
        self._released.set()

    def assignment(self) -> frozenset[int] | None:
        """An assignment that was not taken yet, once; None where there is none."""
        assigned, self._assigned = self._assigned, None
        return assigned
