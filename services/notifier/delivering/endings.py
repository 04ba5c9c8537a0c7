"""Asks, right before somebody is told that a warning is over, whether they have heard of it.

When the end was planned, what went before it may still have been on its way. By now all of it is settled: nothing goes
before an earlier message to its receiver on its warning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.conduct import Never
from services.notifier.core.hearing import hears_of_end, is_end
from services.notifier.core.message import Purpose, delivery_id
from services.notifier.core.reasons import Reason
from services.notifier.metrics import Metrics
from services.notifier.store import hearing, withholding
from services.notifier.store.claiming import Claim
from services.notifier.store.connection import Connection
from services.notifier.store.hearing import Asked, Earlier, Struck
from services.notifier.store.making import NewDelivery, make
from services.notifier.store.settling import release
from shared.warnings import WarningChange

log = structlog.get_logger(__name__)

WHY = "nothing that was sent there of this warning before has arrived"


@dataclass(frozen=True, slots=True)
class _Said:
    """A claim, all that its message says, and those of its changes that end what it says nothing else of."""

    claim: Claim
    changes: Sequence[tuple[WarningChange, bytes]]
    ends: Sequence[WarningChange]

    def asked(self, end: WarningChange) -> Asked:
        return Asked(self.claim.position, self.claim.receiver, end.warning_id)

    def unheard(self, earlier: Mapping[Asked, Earlier]) -> list[WarningChange]:
        """The ends that its receiver does not hear of."""
        purpose = Purpose(self.claim.purpose)
        return [each for each in self.ends if not hears_of_end(earlier[self.asked(each)].heard, purpose)]

    def without(self, dropped: Sequence[WarningChange]) -> Claim | None:
        """What is left to say; None where nothing is."""
        gone = {each.change_id for each in dropped}
        left = [data for change, data in self.changes if change.change_id not in gone]
        if not left:
            return None
        return replace(self.claim, data=left[0], told=left[1:], total=self.claim.total - len(gone))


@dataclass(frozen=True, slots=True)
class Ended:
    """What may go, in its order, and the receivers that there is something for by now."""

    claims: list[Claim]
    released: list[str]


class Endings:
    """Lets an end pass to whoever may have heard of the warning, and has those hear of it who stood in for others."""

    def __init__(self, connection: Connection, metrics: Metrics) -> None:
        self._connection = connection
        self._metrics = metrics

    async def admit(self, claimed: Sequence[Claim], receivers: Mapping[str, ReceiverSettings], now: datetime) -> Ended:
        """Of claims that `may_end` something, what is left of each."""
        if not claimed:
            return Ended([], [])
        said = [_said(each) for each in claimed]
        async with self._connection.transaction() as connection:
            earlier = await hearing.earlier(connection, [one.asked(end) for one in said for end in one.ends])
            copies = [each for one in said for each in _copies(one, earlier, receivers, now)]
            made = await make(connection, copies, now)
            left = [(one, dropped, one.without(dropped)) for one in said for dropped in [one.unheard(earlier)]]
            over = [one.claim for one, _, rest in left if rest is None]
            await withholding.withhold(connection, [(each, Never(Reason.UNTOLD, WHY)) for each in over], now)
            await hearing.strike(connection, [*_struck(left)], WHY, now)
            released = await release(connection, over)
        self._tell((one.claim, each) for one, dropped, _ in left for each in dropped)
        going = [rest for _, _, rest in left if rest is not None]
        woken = [each.receiver for each in copies if each.id in made]
        return Ended(going, [*released, *woken, *(each.receiver for each in over)])

    def _tell(self, dropped: Iterable[tuple[Claim, WarningChange]]) -> None:
        for claim, change in dropped:
            self._metrics.notices.labels("suppressed", Reason.UNTOLD).inc()
            log.info(
                "notifier.end.not_told",
                delivery_id=str(claim.delivery_id),
                receiver=claim.receiver,
                warning_id=str(change.warning_id),
                why=WHY,
            )


def may_end(claim: Claim) -> bool:
    """Whether a claim has to be asked about."""
    return claim.doubtful or bool(claim.told)


def _said(claim: Claim) -> _Said:
    parts = [(WarningChange.model_validate_json(each), each) for each in (claim.data, *claim.told)]
    begun = {change.warning_id for change, _ in parts if not is_end(change)}
    return _Said(claim, parts, [change for change, _ in parts if is_end(change) and change.warning_id not in begun])


def _copies(
    said: _Said, earlier: Mapping[Asked, Earlier], receivers: Mapping[str, ReceiverSettings], now: datetime
) -> Iterator[NewDelivery]:
    """Whoever was told in the receiver's place that a warning had begun is told of its end."""
    for end in said.ends:
        for name in sorted(earlier[said.asked(end)].instead & receivers.keys()):
            settings = receivers[name]
            give_up_at = now + settings.schedule(end.level).deadline
            identity = delivery_id(end.change_id, name)
            yield NewDelivery(identity, end, name, settings.channel, give_up_at, Purpose.FALLBACK)


def _struck(left: Iterable[tuple[_Said, Sequence[WarningChange], Claim | None]]) -> Iterator[Struck]:
    """Of messages that go without them."""
    for one, dropped, rest in left:
        for each in dropped if rest is not None else ():
            yield Struck(one.claim.delivery_id, one.claim.receiver, each.change_id, each.warning_id, each.borrower_id)
