"""Tells the next of an escalation, while nobody answers for the warning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration import Configuration
from services.notifier.core.escalating import End, Outlook, Postpone, Standing, Tell, due
from services.notifier.core.inhibition import OpenWarnings, inhibitor
from services.notifier.core.message import Purpose
from services.notifier.core.planning import LOOK_AGAIN, Situation, source_key
from services.notifier.core.reasons import Reason
from services.notifier.core.silencing import muting, wake_key
from services.notifier.metrics import Metrics
from services.notifier.store import escalations, open_warnings, silences
from services.notifier.store.escalations import DueStep, Onward
from services.notifier.store.making import NewDelivery, make
from shared.warnings import WarningChange

log = structlog.get_logger(__name__)

WARNINGS_A_TURN = 200


@dataclass(slots=True)
class _Turn:
    """What becomes of the steps of one turn."""

    told: list[NewDelivery] = field(default_factory=list)
    onward: list[Onward] = field(default_factory=list)
    over: list[Standing] = field(default_factory=list)
    ended: list[tuple[Standing, Reason]] = field(default_factory=list)
    """Those over before their last step, and why."""


class EscalationsDue:
    """Takes steps that no other replica holds; a step's deliveries and the next step are one transaction."""

    def __init__(self, configuration: Configuration, metrics: Metrics) -> None:
        self._metrics = metrics
        self.use(configuration)

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration."""
        self._policies = configuration.escalations
        self._inhibit = configuration.inhibit
        self._receivers: Mapping[str, ReceiverSettings] = configuration.receivers

    async def take(self, connection: "asyncpg.Connection[Any]", now: datetime) -> set[str]:
        """Within a transaction: do what is due. Those there is something for now."""
        steps = await escalations.take_due(connection, now, WARNINGS_A_TURN)
        if not steps:
            return set()
        turn = self._decided(steps, await self._situation(connection, steps, now))
        await escalations.told(connection, [(each.change.warning_id, each.receiver) for each in turn.told])
        await escalations.go_on(connection, turn.onward)
        await escalations.finish(connection, turn.over)
        await escalations.spare(connection, turn.ended, self._policies, now)
        await make(connection, turn.told, now)
        return {each.receiver for each in turn.told}

    async def _situation(
        self, connection: "asyncpg.Connection[Any]", steps: Sequence[DueStep], now: datetime
    ) -> Situation:
        """What may mute the warnings of these steps. Open warnings are read only where there is a rule about them."""
        silenced = await silences.active(connection, now)
        if not self._inhibit:
            return Situation(now, silenced)
        changes = [each.newest for each in steps if each.newest is not None]
        borrowers = {each.borrower_id for each in changes}
        groups = {each.about.group for each in changes if each.about.group is not None}
        return Situation(now, silenced, OpenWarnings(await open_warnings.of(connection, borrowers, groups)))

    def _muted(self, change: WarningChange, situation: Situation) -> tuple[datetime, str] | None:
        """Until when the change is not told, and what may end that earlier; None where nothing mutes it."""
        if (silence := muting(situation.silences, change, situation.now)) is not None:
            return silence.ends_at, wake_key(silence.id)
        if (source := inhibitor(self._inhibit, change, situation.open_warnings)) is not None:
            return situation.now + LOOK_AGAIN, source_key(source)
        return None

    def _decided(self, steps: Sequence[DueStep], situation: Situation) -> _Turn:
        turn, now = _Turn(), situation.now
        for each in steps:
            change = each.newest
            muted = self._muted(change, situation) if change is not None else None
            outlook = Outlook(change is not None, each.acknowledged_at, muted[0] if muted else None)
            match due(each.standing, self._policies.get(each.standing.policy), outlook, now):
                case Postpone(until=until):
                    turn.onward.append(Onward(replace(each.standing, due_at=until), muted[1] if muted else None))
                case End(why=why):
                    turn.over.append(each.standing)
                    turn.ended.append((each.standing, why))
                    self._metrics.escalations.labels(why).inc()
                    _log("ended", each.standing, why=why)
                case Tell(step=step, receivers=receivers, then=then):
                    assert change is not None, "only an open warning is told of"
                    turn.told += self._tellings(step, receivers, change, now)
                    _log("told", step, receivers=receivers)
                    self._metrics.escalation_steps.labels("unanswered" if then is None else "told").inc()
                    if then is None:
                        turn.over.append(step)
                        self._metrics.escalations.labels("unanswered").inc()
                        log.warning(
                            "notifier.escalation.unanswered", warning_id=str(step.warning_id), policy=step.policy
                        )
                    else:
                        turn.onward.append(Onward(then))
        return turn

    def _tellings(
        self, step: Standing, receivers: Sequence[str], change: WarningChange, now: datetime
    ) -> Iterator[NewDelivery]:
        for name in dict.fromkeys(receivers):
            settings = self._receivers[name]
            give_up_at = now + settings.schedule(change.level).deadline
            yield NewDelivery(
                step.delivery_id(name), change, name, settings.channel, give_up_at, purpose=Purpose.ESCALATION
            )


def _log(what: str, standing: Standing, **more: object) -> None:
    log.info(
        f"notifier.escalation.{what}",
        warning_id=str(standing.warning_id),
        policy=standing.policy,
        round=standing.round,
        step=standing.step,
        **more,
    )
