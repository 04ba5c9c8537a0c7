"""Who is told of a change: a tree of routes, the first that matches wins unless it says `continue`."""

from collections.abc import Sequence
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.warnings import Kind, Level, WarningChange

_RANK = {level: rank for rank, level in enumerate(Level)}


def _as_list(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


_Item = TypeVar("_Item")
_OneOrMore = Annotated[tuple[_Item, ...], BeforeValidator(_as_list), Field(min_length=1)]


def reached_level(change: WarningChange) -> Level:
    """The higher of the levels before and after: whoever was told it is red is told that it no longer is."""
    return max((level for level in (change.level, change.previous_level) if level), key=_RANK.__getitem__)


class Match(BaseModel):
    """What a change must be: every key given must hold, and a key holds where one of its values does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: _OneOrMore[Level] | None = Field(
        default=None, description="The higher of the level before and after the change"
    )
    family: _OneOrMore[str] | None = None
    rule: _OneOrMore[str] | None = None
    kind: _OneOrMore[Kind] | None = Field(default=None, description="Acknowledged only where it is named")

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
    go_on: bool = Field(default=False, alias="continue", description="Look at the routes after this one too")
    routes: "tuple[Route, ...]" = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.receivers and not self.routes:
            raise ValueError("expected `receivers`, `routes` or both: this route leads to nobody")
        return self


def receivers_of(routes: Sequence[Route], change: WarningChange) -> tuple[str, ...]:
    """The names of the receivers to tell, each once, in the order the routes name them.

    An acknowledgement is for those who asked for it: a route on the way must name the kind.
    """
    return tuple(dict.fromkeys(_found(routes, change, asked=change.kind is not Kind.ACKNOWLEDGED)))


def _found(routes: Sequence[Route], change: WarningChange, *, asked: bool) -> list[str]:
    names: list[str] = []
    for route in routes:
        if route.match.accepts(change):
            asked_here = asked or route.match.kind is not None
            here = _found(route.routes, change, asked=asked_here) or (route.receivers if asked_here else ())
            names += here
            if (here or asked_here) and not route.go_on:
                break
    return names
