"""The configuration: what holds, and reading its file again."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.notifier.api.problems import problems
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration import ConfigurationError
from services.notifier.configuration.document import Place
from services.notifier.configuration.live import Live
from services.notifier.configuration.sections import SECTIONS
from shared.auth import ApiKey
from shared.problems import FieldError, Problem, ProblemError

SECRET = {"acknowledgement_links": {"secrets"}}


class MistakeAnswer(BaseModel):
    """What was expected, and where in the file."""

    line: int
    column: int
    message: str


class ReloadAnswer(BaseModel):
    """How the latest try to read the file went."""

    successful: bool
    at: datetime
    mistakes: list[MistakeAnswer] = Field(description="Of a file that was refused; the configuration before it holds")


class ConfigurationAnswer(BaseModel):
    """The configuration that holds. Of receivers it shows what all channels have: neither addresses nor secrets."""

    digest: str = Field(description="SHA-256 of the file's text, in hex")
    taken_at: datetime
    last_reload: ReloadAnswer
    receivers: dict[str, dict[str, Any]]
    sections: dict[str, Any] = Field(description="Routes, times and all else, as they were understood")

    @classmethod
    def of(cls, live: Live) -> Self:
        holds, last = live.configuration, live.last_reload
        common = set(ReceiverSettings.model_fields)
        return cls(
            digest=live.digest,
            taken_at=live.taken_at,
            last_reload=ReloadAnswer(
                successful=not last.places,
                at=last.at,
                mistakes=[
                    MistakeAnswer(line=each.line, column=each.column, message=each.message) for each in last.places
                ],
            ),
            receivers={
                name: settings.model_dump(mode="json", include=common, exclude_none=True)
                for name, settings in holds.receivers.items()
            },
            sections={
                name: adapter.dump_python(value, mode="json", exclude=SECRET.get(name), exclude_none=True)
                for name, adapter in SECTIONS.items()
                if (value := getattr(holds, name)) is not None
            },
        )


def _refused(places: list[Place]) -> ProblemError:
    """A pointer into the file: its line and column."""
    errors = [FieldError(pointer=f"/{each.line}/{each.column}", detail=each.message) for each in places]
    detail = "; ".join(f"line {each.line}, column {each.column}: {each.message}" for each in places)
    return ProblemError(
        Problem(title="The configuration was refused, the one before holds", status=422, detail=detail, errors=errors)
    )


def configuration_router(live: Live, caller: Callable[..., ApiKey]) -> APIRouter:
    """The routes about the configuration."""
    router = APIRouter(prefix="/v1/configuration", tags=["configuration"])

    @router.get("", summary="The configuration that holds, without secrets", responses=problems())
    async def show_configuration(_: Annotated[ApiKey, Depends(caller)]) -> ConfigurationAnswer:
        return ConfigurationAnswer.of(live)

    @router.post(":reload", summary="Read the file again, and take it if it is good", responses=problems())
    async def reload_configuration(_: Annotated[ApiKey, Depends(caller)]) -> ConfigurationAnswer:
        try:
            live.reload()
        except ConfigurationError as error:
            raise _refused(error.places) from None
        return ConfigurationAnswer.of(live)

    return router
