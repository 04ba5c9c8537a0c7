"""Who is told of a change: a tree of routes, the first that matches wins unless it says `continue`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.core.grouping import Digest, Grouping
from services.notifier.core.matching import Match
from shared.warnings import Kind, WarningChange


class Manner(BaseModel):
    """How those on a route are told. What an inner route leaves out it takes from the one around it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Grouping | None = Field(default=None, description="Told together; each change by itself if unset")
    digest: Digest | None = Field(default=None, description="Told at fixed times of the day, instead of `group`")
    active: str | None = Field(default=None, description="A name of `times`: told only then, held until it begins")
    quiet: str | None = Field(default=None, description="A name of `times`: not told then, held until it is over")
    escalation: str | None = Field(default=None, description="A name of `escalations`")

    @model_validator(mode="after")
    def _one_way_of_gathering(self) -> Self:
        if self.group is not None and self.digest is not None:
            raise ValueError("expected `group` or `digest`, not both")
        return self


class Route(Manner):
    """A node of the tree. Its own receivers are told where none of its inner routes matches."""

    model_config = ConfigDict(populate_by_name=True)

    match: Match = Match()
    receivers: tuple[str, ...] = ()
    go_on: bool = Field(default=False, alias="continue", description="Look at the routes after this one too")
    routes: "tuple[Route, ...]" = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.receivers and not self.routes:
            raise ValueError("expected `receivers`, `routes` or both: this route leads to nobody")
        return self


@dataclass(frozen=True, slots=True)
class Telling:
    """One receiver to tell of a change, and how."""

    receiver: str
    manner: Manner
    names_kind: bool = False
    """A route on the way names the kind of change: it is asked for, whatever was told before."""


_PLAIN = Manner()


def tellings_of(routes: Sequence[Route], change: WarningChange) -> tuple[Telling, ...]:
    """The receivers to tell, each once, in the order the routes name them.

    An acknowledgement is for those who asked for it: a route on the way must name the kind.
    """
    found = _found(routes, change, _PLAIN, named=False)
    return tuple({each.receiver: each for each in reversed(found)}.values())[::-1]


def receivers_of(routes: Sequence[Route], change: WarningChange) -> tuple[str, ...]:
    """The names of the receivers to tell."""
    return tuple(each.receiver for each in tellings_of(routes, change))


def _found(routes: Sequence[Route], change: WarningChange, around: Manner, *, named: bool) -> list[Telling]:
    tellings: list[Telling] = []
    unasked = change.kind is Kind.ACKNOWLEDGED
    for route in routes:
        if route.match.accepts(change):
            named_here = named or route.match.kind is not None
            manner = _within(around, route)
            here = _found(route.routes, change, manner, named=named_here)
            if not here and (named_here or not unasked):
                here = [Telling(name, manner, named_here) for name in route.receivers]
            tellings += here
            if (here or named_here or not unasked) and not route.go_on:
                break
    return tellings


def _within(around: Manner, route: Route) -> Manner:
    """The route's own manner, completed by that of the routes around it."""
    if not route.model_fields_set & Manner.model_fields.keys():
        return around
    own = {name: getattr(route, name) for name in Manner.model_fields if getattr(route, name) is not None}
    if "group" in own or "digest" in own:
        around = around.model_copy(update={"group": None, "digest": None})
    return around.model_copy(update=own)
