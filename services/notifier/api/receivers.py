"""Receivers: their state, and switching one on again that had said it was gone."""

from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Depends

from services.notifier.api.answers import ReceiverAnswer, Receivers
from services.notifier.api.problems import problems
from services.notifier.configuration import Configuration
from services.notifier.store.listing import Deliveries
from shared.auth import ApiKey
from shared.problems import Problem, ProblemError


class Register:
    """What the routes work with. `woken` hears of a receiver that is sent to again."""

    def __init__(
        self, deliveries: Deliveries, configuration: Configuration, woken: Callable[[Iterable[str]], None]
    ) -> None:
        self._deliveries = deliveries
        self._configured = configuration.receivers
        self._woken = woken

    async def all(self) -> Receivers:
        """Every configured receiver."""
        return Receivers(receivers=await self._answers(list(self._configured)))

    async def enable(self, name: str) -> ReceiverAnswer:
        """Send to it again; what is pending for it goes out now. Raises ProblemError (404)."""
        if name not in self._configured:
            names = ", ".join(self._configured)
            detail = f"no receiver has the name {name!r}; expected one of {names}"
            raise ProblemError(Problem(title="No such receiver", status=404, detail=detail))
        await self._deliveries.enable(name)
        self._woken([name])
        return (await self._answers([name]))[0]

    async def _answers(self, names: list[str]) -> list[ReceiverAnswer]:
        states = await self._deliveries.receivers(names)
        return [
            ReceiverAnswer(
                name=name,
                channel=self._configured[name].channel,
                state="enabled" if states[name]["disabled_at"] is None else "disabled",
                disabled_at=states[name]["disabled_at"],
                disabled_why=states[name]["disabled_why"],
                pending=states[name]["pending"],
            )
            for name in names
        ]


def receivers_router(register: Register, caller: Callable[..., ApiKey]) -> APIRouter:
    """The routes about receivers."""
    router = APIRouter(prefix="/v1/receivers", tags=["receivers"])

    @router.get("", summary="Receivers and their state", responses=problems())
    async def list_receivers(_: Annotated[ApiKey, Depends(caller)]) -> Receivers:
        return await register.all()

    @router.post(
        "/{name}:enable",
        summary="Send to a disabled receiver again",
        responses=problems(404),
    )
    async def enable_receiver(name: str, _: Annotated[ApiKey, Depends(caller)]) -> ReceiverAnswer:
        return await register.enable(name)

    return router
