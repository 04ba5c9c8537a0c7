"""Who is told of a change: a tree of routes, the first that matches wins unless it says `continue`."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.warnings import Kind, Level, WarningChange

_RANK = {level: rank for rank, level in enumerate(Level)}


def _as_list(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


def _one_or_more(kind: Any) -> Any:
    return Annotated[tuple[kind, ...], BeforeValidator(_as_list), Field(min_length=1)]


def reached_level(change: WarningChange) -> Level:
    """The higher of the levels before and after: whoever was told it is red is told that it no longer is."""
    return max((level for level in (change.level, change.previous_level) if level), key=_RANK.__getitem__)


class Match(BaseModel):
    """What a change must be: every key given must hold, and a key holds where one of its values does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: _one_or_more(Level) | None = Field(None, description="The higher of the level before and after the change")  # type: ignore[valid-type]
    family: _one_or_more(str) | None = None  # type: ignore[valid-type]
    rule: _one_or_more(str) | None = None  # type: ignore[valid-type]
    kind: _one_or_more(Kind) | None = None  # type: ignore[valid-type]

    def accepts(self, change: WarningChange) -> bool:
        return all(
            wanted is None or given in wanted
            for wanted, given in (
                (self.level, reached_level(change)),
                (self.family, change.family),
                (self.rule, change.rule),
                (self.kind, change.kind),
            )
        )


class Route(BaseModel):
    """A node of the tree. Its own receivers are told where none of its inner routes matches."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    match: Match = Match()
    receivers: tuple[str, ...] = ()
    go_on: bool = Field(False, alias="continue", description="Look at the routes after this one too")
    routes: "tuple[Route, ...]" = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.receivers and not self.routes:
            raise ValueError("expected `receivers`, `routes` or both: this route leads to nobody")
        return self


def receivers_of(routes: Sequence[Route], change: WarningChange) -> tuple[str, ...]:
    """The names of the receivers to tell, each once, in the order the routes name them."""
    return tuple(dict.fromkeys(_found(routes, change)))


def _found(routes: Sequence[Route], change: WarningChange) -> list[str]:
    names: list[str] = []
    for route in routes:
        if route.match.accepts(change):
            names += _found(route.routes, change) or list(route.receivers)
            if not route.go_on:
                break
    return names
