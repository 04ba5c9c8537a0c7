"""Acknowledgements: by the link in a message, and with an API key. Both are published, and only then confirmed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from services.notifier.api.pages import Said, page
from services.notifier.api.problems import problems
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.tokens import ExpiredTokenError, Link, WrongTokenError, press_id, proven
from shared.acknowledgements import AcknowledgementGiven, By
from shared.auth import ApiKey
from shared.clock import Clock
from shared.kafka.producer import NotAcknowledgedError
from shared.problems import Problem, ProblemError
from shared.texts import Note

LONGEST_FORM = 4_096
_LATER = {"Retry-After": "5"}
_TITLE = Said("Answer for a warning", "处理预警")
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"by": {"type": "string"}}}
            }
        },
    }
}


class Acknowledge(BaseModel):
    """Somebody answers for the warning."""

    model_config = ConfigDict(extra="forbid")

    by: By
    note: Note | None = None
    id: UUID | None = Field(
        default=None, description="The sender's own id, to repeat the request with; made up if absent"
    )


class AcknowledgementAnswer(BaseModel):
    """An acknowledgement on its way to the warning service, which records it."""

    id: UUID
    warning_id: UUID
    by: str
    note: str | None
    at: datetime
    link_of: str | None
    via: Literal["link", "api"]


class AcknowledgementDesk:
    """What the routes work with. `links` tells how links are made now, or None where none are."""

    def __init__(
        self,
        publish: Callable[[AcknowledgementGiven], Awaitable[None]],
        links: Callable[[], AcknowledgementLinks | None],
        clock: Clock,
    ) -> None:
        self._publish = publish
        self._links = links
        self._clock = clock

    async def acknowledge(self, warning: UUID, given: Acknowledge) -> AcknowledgementAnswer:
        """Publish what a caller says. Raises ProblemError (503)."""
        acknowledgement = AcknowledgementGiven(
            id=given.id or uuid4(), warning_id=warning, by=given.by, note=given.note, at=self._clock.now(), via="api"
        )
        try:
            await self._publish(acknowledgement)
        except NotAcknowledgedError as error:
            detail = "Kafka did not acknowledge it: send it again, with an `id` of your own"
            raise ProblemError(Problem(title="Not now", status=503, detail=detail), _LATER) from error
        return AcknowledgementAnswer.model_validate(acknowledgement.model_dump())

    def asked(self, token: str) -> HTMLResponse:
        """The page with the button. Looking at it changes nothing: mail scanners follow links too."""
        link = self._proven(token)
        if isinstance(link, HTMLResponse):
            return link
        return page(_TITLE, *_about(link), asks_for=link.receiver)

    async def pressed(self, token: str, form: bytes) -> HTMLResponse:
        """Publish what pressing the button says; again, it is the same acknowledgement."""
        link = self._proven(token)
        if isinstance(link, HTMLResponse):
            return link
        given = AcknowledgementGiven(
            id=press_id(token), warning_id=link.warning_id, by=_name(form) or link.receiver, at=self._clock.now(),
            link_of=link.receiver, via="link",
        )  # fmt: skip
        try:
            await self._publish(given)
        except NotAcknowledgedError:
            return page(_TITLE, _NOT_NOW, *_about(link), status=503, asks_for=link.receiver, headers=_LATER)
        return page(_THANKS, Said(f"Noted for {given.by}.", f"已记录：{given.by}。"), *_about(link), status=202)

    def _proven(self, token: str) -> Link | HTMLResponse:
        """The link, or the page that says why it is none."""
        links = self._links()
        secrets = [each.get_secret_value().encode() for each in links.secrets] if links else []
        try:
            return proven(token, secrets, self._clock.now())
        except WrongTokenError:
            return page(*_WRONG, status=403)
        except ExpiredTokenError:
            return page(*_EXPIRED, status=410)


_THANKS = Said("Thank you", "谢谢")
_NOT_NOW = Said("That did not work just now. Please press again in a moment.", "暂时未能提交，请稍后再试。")
_WRONG = (
    Said("This link is not right", "链接无效"),
    Said(
        "Nothing was changed. Please open the link from the message itself.", "未作任何更改。请从消息中直接打开链接。"
    ),
)
_EXPIRED = (
    Said("This link has ended", "链接已过期"),
    Said(
        "Nothing was changed. Please look the warning up in your own system.",
        "未作任何更改。请在业务系统中查看该预警。",
    ),
)


def _about(link: Link) -> tuple[Said, ...]:
    return (
        Said(f"Warning {link.warning_id}", f"预警 {link.warning_id}"),
        Said(f"The message went to {link.receiver}.", f"消息接收方：{link.receiver}。"),
    )


def _name(form: bytes) -> str:
    """The name given, on one line and no longer than a name may be; empty where there is none."""
    given = parse_qs(form.decode(errors="replace")).get("by", [""])[0]
    return " ".join("".join(each if each.isprintable() else " " for each in given).split())[:200]


def links_router(desk: AcknowledgementDesk) -> APIRouter:
    """What links in messages lead to: no key, the link itself proves who was told."""
    router = APIRouter(prefix="/v1/acknowledge", tags=["acknowledgements"])
    pages: dict[int | str, dict[str, Any]] = {
        403: {"description": "No link of ours", "content": {"text/html": {}}},
        410: {"description": "The link has ended", "content": {"text/html": {}}},
    }

    @router.get(
        "/{token}", summary="Ask whether to acknowledge; changes nothing", response_class=HTMLResponse, responses=pages
    )
    async def ask(token: str) -> HTMLResponse:
        return desk.asked(token)

    @router.post(
        "/{token}",
        summary="Acknowledge",
        status_code=202,
        response_class=HTMLResponse,
        responses={
            **pages,
            503: {"description": "Kafka did not acknowledge it: press again", "content": {"text/html": {}}},
        },
        openapi_extra=_FORM,
        max_body_size=LONGEST_FORM,
    )
    async def press(token: str, request: Request) -> HTMLResponse:
        return await desk.pressed(token, await request.body())

    return router


def acknowledgements_router(desk: AcknowledgementDesk, caller: Callable[..., ApiKey]) -> APIRouter:
    """What callers with a key use."""
    router = APIRouter(prefix="/v1/warnings", tags=["acknowledgements"])

    @router.post(
        "/{warning_id}/acknowledgements",
        summary="Acknowledge a warning: the warning service records it",
        status_code=202,
        responses=problems(),
    )
    async def acknowledge(
        warning_id: UUID, given: Acknowledge, _: Annotated[ApiKey, Depends(caller)]
    ) -> AcknowledgementAnswer:
        return await desk.acknowledge(warning_id, given)

    return router
