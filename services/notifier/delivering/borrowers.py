"""Asks, right before borrowers are written to, whether they may be; a message that may not waits or is let go."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from services.notifier.channels.settings import Audience, ReceiverSettings
from services.notifier.configuration.conduct import profiles
from services.notifier.core.conduct import Allowed, Judgement, Never, Touch, Wait, judge
from services.notifier.core.contact import Contact
from services.notifier.core.hearing import Heard
from services.notifier.core.reasons import Reason
from services.notifier.metrics import Metrics
from services.notifier.store import contacts, hearing, withholding
from services.notifier.store.claiming import Claim
from services.notifier.store.connection import Connection
from services.notifier.store.hearing import Asked
from services.notifier.store.sealing import Sealer, SealError
from services.notifier.store.settling import release
from shared.warnings import Kind, WarningChange

log = structlog.get_logger(__name__)

_ENDS = (Kind.EASED, Kind.CLEARED, Kind.WITHDRAWN)
"""Good news only to whoever had the bad."""
_PAID = (None, "condition")
"""The reasons of an end that is good news: what is written off, rescheduled or corrected is not."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim, and what of it the guard looks at. `debt` is None where it is about several, or none."""

    claim: Claim
    settings: ReceiverSettings
    change: WarningChange
    strangers: bool

    @property
    def lane(self) -> Asked:
        return Asked(self.claim.position, self.claim.receiver, self.claim.warning_id)

    @property
    def debt(self) -> str | None:
        return self.change.loan_id if self.claim.total == 1 else None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Claims that may go, each with its recipient, and receivers that may have more to send."""

    claims: list[Claim]
    released: list[str]


class Guard:
    """What it lets pass is counted before it is sent, so that no crash makes a borrower hear more than they may."""

    def __init__(self, connection: Connection, sealer: Sealer | None, metrics: Metrics) -> None:
        self._connection = connection
        self._sealer = sealer
        self._metrics = metrics

    async def admit(
        self, claimed: Sequence[Claim], receivers: Mapping[str, ReceiverSettings], now: datetime
    ) -> Admitted:
        """Of claims for borrowers, those that may go now, in their order."""
        asked = [_asked(each, receivers[each.receiver]) for each in claimed]
        async with self._connection.transaction() as connection:
            judged = await self._judged(connection, asked, now)
            released = await self._settle(connection, judged, now)
        self._tell(judged)
        going = [replace(one.claim, recipient=each.contact) for one, each in judged if isinstance(each, Allowed)]
        return Admitted(going, [*released, *({each.receiver for each in claimed} if len(going) < len(claimed) else ())])

    async def _judged(
        self, connection: "asyncpg.Connection[Any]", asked: Sequence[_Asked], now: datetime
    ) -> list[tuple[_Asked, Judgement]]:
        """In turn, since what one borrower is sent counts for the next message to them."""
        borrowers = {each.change.borrower_id for each in asked}
        await contacts.alone(connection, borrowers)
        known = await self._known(connection, borrowers)
        since = now - max(each.memory for each in profiles().values())
        touches = await contacts.touches(connection, borrowers, since)
        heard = await hearing.earlier(connection, [each.lane for each in asked if each.change.kind in _ENDS])
        strangers = {lane for lane, each in heard.items() if each.heard is not Heard.PERHAPS}
        judged: list[tuple[_Asked, Judgement]] = []
        for one in asked:
            before = touches[one.change.borrower_id]
            if one.change.kind in one.settings.borrower_kinds and one.lane in strangers:
                judged.append((one, Never(Reason.UNTOLD, "the borrower was never told of the warning")))
                continue
            found = _judged(one, known.get(one.change.borrower_id), before, now)
            if isinstance(found, Allowed):
                before.append(Touch(now, "message", one.debt))
            judged.append((one, found))
        return judged

    async def _known(
        self, connection: "asyncpg.Connection[Any]", borrowers: Collection[str]
    ) -> Mapping[str, Contact | None]:
        """Each that can be read. An entry that no key opens is as good as none, and said loudly."""
        found: dict[str, Contact | None] = {}
        if self._sealer is None:
            return found
        for each in borrowers:
            try:
                kept = (await contacts.known(connection, self._sealer, [each])).get(each)
            except SealError as error:
                log.error("notifier.contact.unreadable", borrower_id=each, why=str(error))  # noqa: TRY400 - all said
                continue
            found[each] = kept.contact if kept is not None else None
        return found

    async def _settle(
        self, connection: "asyncpg.Connection[Any]", judged: Sequence[tuple[_Asked, Judgement]], now: datetime
    ) -> list[str]:
        """Write down what was judged. The receivers whose next message in a lane may go."""
        await contacts.touch(
            connection,
            [
                (one.change.borrower_id, one.debt, "message", one.claim.delivery_id)
                for one, found in judged
                if isinstance(found, Allowed)
            ],
            now,
        )
        await withholding.wait(
            connection, [(one.claim, found.until) for one, found in judged if isinstance(found, Wait)]
        )
        never = [(one.claim, found) for one, found in judged if isinstance(found, Never)]
        await withholding.withhold(connection, never, now)
        return await release(connection, [claim for claim, _ in never])

    def _tell(self, judged: Iterable[tuple[_Asked, Judgement]]) -> None:
        for one, found in judged:
            ids = {"delivery_id": str(one.claim.delivery_id), "receiver": one.claim.receiver}
            if isinstance(found, Never):
                self._metrics.notices.labels("suppressed", found.reason).inc()
                log.info("notifier.borrower.not_told", **ids, reason=str(found.reason), why=found.why)
            elif isinstance(found, Wait):
                log.info("notifier.borrower.waits", **ids, until=found.until.isoformat(), why=found.why)


def is_guarded(settings: ReceiverSettings) -> bool:
    """Whether what goes to this receiver has to pass the guard."""
    return settings.audience is Audience.BORROWER


def _asked(claim: Claim, settings: ReceiverSettings) -> _Asked:
    change = WarningChange.model_validate_json(claim.data)
    others = (WarningChange.model_validate_json(each) for each in claim.told)
    return _Asked(claim, settings, change, any(each.borrower_id != change.borrower_id for each in others))


def _judged(one: _Asked, contact: Contact | None, touches: Sequence[Touch], now: datetime) -> Judgement:
    settings, change = one.settings, one.change
    if change.kind not in settings.borrower_kinds:
        return Never(Reason.CONDUCT, f"borrowers are not told here that a warning is {change.kind}")
    if change.kind is Kind.CLEARED and change.reason not in _PAID:
        return Never(Reason.CONDUCT, f"borrowers are thanked for paying, and this is {change.reason}")
    if one.strangers:
        return Never(Reason.CONDUCT, "the message speaks of another borrower too")
    conduct = profiles()[settings.conduct] if settings.conduct is not None else None
    way = settings.way
    if conduct is None or way is None:
        return Never(Reason.CONDUCT, "the receiver names no profile of conduct")
    found = judge(conduct, contact, way, one.debt, touches, now)
    if isinstance(found, Wait) and found.until > one.claim.give_up_at:
        return Never(Reason.CONDUCT, f"it could not go before its deadline: {found.why}")
    return found
