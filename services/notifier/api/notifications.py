"""What became of a warning: who was told, who was not, and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.notifier.api.problems import problems
from services.notifier.core.accounting import sentence
from services.notifier.core.escalating import Escalation, Standing, steps_of
from services.notifier.core.message import Purpose
from services.notifier.core.reasons import Reason
from services.notifier.core.schedule import State
from services.notifier.store import escalations, notifications
from services.notifier.store.asking import asking
from services.notifier.store.connection import Connection
from shared.auth import ApiKey
from shared.problems import Problem, ProblemError
from shared.warnings import Kind, Level


class NotificationAnswer(BaseModel):
    """What became of one change for one receiver."""

    at: datetime
    receiver: str
    change_id: UUID
    kind: Kind | None = Field(description="Null for a change that is not remembered any more")
    level: Level | None
    state: Literal["told", "held", "suppressed"] = Field(description="Told means a delivery was made: see its state")
    reason: str = Field(description="One word: what it is held or left out for, or why the delivery was made")
    why: str = Field(description="A sentence that goes on from 'this change'")
    until: datetime | None = Field(description="Of a held one: when it is looked at again")
    delivery_id: UUID | None = Field(description="The message that tells of it, or of what took its place")
    delivery_state: State | None
    purpose: Purpose | None


class NotificationsAnswer(BaseModel):
    """In order of time, of more than 1,000 the oldest; last what an escalation has still to tell."""

    warning_id: UUID
    notifications: list[NotificationAnswer]


class NotificationDesk:
    """What the route works with. `policies` tells how escalations go now."""

    def __init__(self, connection: Connection, policies: Callable[[], Mapping[str, Escalation]]) -> None:
        self._connection = connection
        self._policies = policies

    async def of(self, warning: UUID) -> NotificationsAnswer:
        """What became of a warning. Raises ProblemError (404) where nothing of it is known."""
        async with asking(self._connection) as inside:
            rows = await notifications.of(inside, warning)
            under_way = await escalations.under_way(inside, warning)
            data = await notifications.data_of(inside, [each.change_id for each in under_way])
            if not rows and not await notifications.is_known(inside, warning):
                detail = f"nothing was decided about a warning with the id {warning}"
                raise ProblemError(Problem(title="No such warning", status=404, detail=detail))
        return NotificationsAnswer(
            warning_id=warning, notifications=[_answer(row) for row in (*rows, *self._coming(under_way, data))]
        )

    def _coming(self, under_way: Sequence[Standing], data: Mapping[UUID, bytes]) -> Iterator[dict[str, Any]]:
        """Whom escalations that are under way tell next, step by step, as the configuration is now."""
        policies = self._policies()
        steps = (
            (at, receiver)
            for standing in under_way
            if standing.policy in policies
            for at, step in steps_of(standing, policies[standing.policy])
            for receiver in dict.fromkeys(step.receivers)
        )
        nothing = dict.fromkeys(("delivery_id", "delivery_state", "error", "purpose"))
        for at, receiver in steps:
            detail = f"step {at.step + 1} of {at.policy}"
            yield {
                "at": at.begun_at, "receiver": receiver, "change_id": at.change_id, "data": data.get(at.change_id),
                "state": "held", "reason": Reason.ESCALATION, "detail": detail, "until": at.due_at, **nothing,
            }  # fmt: skip


def _answer(row: dict[str, Any]) -> NotificationAnswer:
    change = msgspec.json.decode(row["data"]) if row["data"] is not None else {}
    why = sentence(row["state"], row["reason"], row["detail"], row["until"], row["delivery_state"], row["error"])
    kept = {name: row[name] for name in NotificationAnswer.model_fields if name in row}
    return NotificationAnswer(kind=change.get("kind"), level=change.get("level"), why=why, **kept)


def notifications_router(desk: NotificationDesk, caller: Callable[..., ApiKey]) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/warnings", tags=["warnings"])

    @router.get(
        "/{warning_id}/notifications",
        summary="Who was told of a warning, who was not, and why",
        responses=problems(404),
    )
    async def notifications_of(warning_id: UUID, _: Annotated[ApiKey, Depends(caller)]) -> NotificationsAnswer:
        return await desk.of(warning_id)

    return router
