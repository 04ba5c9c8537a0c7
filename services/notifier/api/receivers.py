"""Receivers: their state, switching one on again that had said it was gone, and trying one."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends

from services.notifier.api.answers import ReceiverAnswer, Receivers, TrialAnswer
from services.notifier.api.problems import problems
from services.notifier.configuration.live import Live
from services.notifier.core.flow import CircuitState
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from services.notifier.store.listing import Deliveries
from services.notifier.trial import send_sample
from shared.auth import ApiKey
from shared.clock import Clock
from shared.problems import Problem, ProblemError


class Sending(Protocol):
    """The worker, as the routes know it."""

    def wake(self, receivers: Iterable[str]) -> None: ...

    def circuits(self) -> Mapping[str, CircuitState]: ...


class Register:
    """What the routes work with."""

    def __init__(
        self, deliveries: Deliveries, live: Live, sending: Sending, *, clock: Clock, attempt_seconds: float
    ) -> None:
        self._deliveries = deliveries
        self._live = live
        self._sending = sending
        self._clock = clock
        self._attempt_seconds = attempt_seconds

    async def all(self) -> Receivers:
        """Every configured receiver."""
        return Receivers(receivers=await self._answers(list(self._live.configuration.receivers)))

    async def enable(self, name: str) -> ReceiverAnswer:
        """Send to it again; what is pending for it goes out now. Raises ProblemError (404)."""
        self._known(name)
        await self._deliveries.enable(name)
        self._sending.wake([name])
        return (await self._answers([name]))[0]

    async def test(self, name: str) -> TrialAnswer:
        """Send it a message that says it is a test, at once and past the queue. Raises ProblemError (404)."""
        self._known(name)
        started = time.perf_counter()
        verdict = await send_sample(self._live.configuration, name, self._clock, self._attempt_seconds)
        return _trial(verdict, time.perf_counter() - started)

    def _known(self, name: str) -> None:
        if name not in self._live.configuration.receivers:
            names = ", ".join(self._live.configuration.receivers)
            detail = f"no receiver has the name {name!r}; expected one of {names}"
            raise ProblemError(Problem(title="No such receiver", status=404, detail=detail))

    async def _answers(self, names: list[str]) -> list[ReceiverAnswer]:
        states, circuits = await self._deliveries.receivers(names), self._sending.circuits()
        receivers = self._live.configuration.receivers
        return [
            ReceiverAnswer(
                name=name,
                channel=receivers[name].channel,
                state="enabled" if states[name]["disabled_at"] is None else "disabled",
                circuit=circuits.get(name, CircuitState.CLOSED),
                disabled_at=states[name]["disabled_at"],
                disabled_why=states[name]["disabled_why"],
                pending=states[name]["pending"],
                fallback=receivers[name].fallback,
            )
            for name in names
            if name in receivers
        ]


def _trial(verdict: Verdict, seconds: float) -> TrialAnswer:
    told = TrialAnswer(
        result="delivered",
        answer_code=verdict.answer.code,
        answer_body=verdict.answer.body or None,
        seconds=seconds,
    )
    match verdict:
        case Delivered():
            return told
        case Retry(why=why, after=after):
            asked = after.total_seconds() if after is not None else None
            return told.model_copy(update={"result": "retry", "why": why, "after_seconds": asked})
        case Refused(why=why, gone=gone):
            return told.model_copy(update={"result": "refused", "why": why, "gone": gone})


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

    @router.post(
        "/{name}:test",
        summary="Send a test message, and tell what the receiver made of it",
        responses=problems(404),
    )
    async def try_receiver(name: str, _: Annotated[ApiKey, Depends(caller)]) -> TrialAnswer:
        return await register.test(name)

    return router
