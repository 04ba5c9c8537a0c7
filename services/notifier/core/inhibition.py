"""Warnings that are not told while a weightier one is open."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.core.labels import Label, labels_of
from services.notifier.core.matching import Match
from shared.warnings import WarningChange


class Inhibition(BaseModel):
    """While a warning that `source` accepts is open, those that `target` accepts and that agree in `equal` are held."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Match
    target: Match
    equal: Annotated[tuple[Label, ...], Field(min_length=1, max_length=4)] = ("borrower",)

    @model_validator(mode="after")
    def _finds_its_sources(self) -> Self:
        # Open warnings are looked up by these two; by any other label every open warning would have to be read.
        if not {"borrower", "group"} & set(self.equal):
            raise ValueError("expected `borrower` or `group` in `equal`")
        return self

    def holds(self, target: WarningChange, source: WarningChange) -> bool:
        """Whether the open warning `source` mutes a change of another. `source` counts by its present level alone."""
        if source.level is None or source.warning_id == target.warning_id:
            return False
        return (
            self.target.accepts(target)
            and self.source.accepts(source.model_copy(update={"previous_level": None}))
            and _agree(self.equal, target, source)
        )


class OpenWarnings:
    """The newest change of each open warning, found by borrower and by group: of many, those that matter are few."""

    def __init__(self, changes: Iterable[WarningChange] = ()) -> None:
        self._newest: dict[UUID, WarningChange] = {}
        self._near: dict[tuple[str, str], dict[UUID, WarningChange]] = {}
        for each in changes:
            self.hear(each)

    def hear(self, change: WarningChange) -> None:
        """From now on the warning is so, or over."""
        warning = change.warning_id
        if (before := self._newest.pop(warning, None)) is not None:
            for place in _places(before):
                del self._near[place][warning]
        if change.level is not None:
            self._newest[warning] = change
            for place in _places(change):
                self._near.setdefault(place, {})[warning] = change

    def near(self, target: WarningChange, labels: Sequence[Label]) -> Iterable[WarningChange]:
        """Those that may agree with it in all of these labels, `borrower` or `group` among them."""
        place = next((each for each in _places(target) if each[0] in labels), None)
        return self._near.get(place, {}).values() if place is not None else ()


def inhibitor(rules: Sequence[Inhibition], target: WarningChange, open_warnings: OpenWarnings) -> WarningChange | None:
    """The open warning that mutes the change; of several the one with the smallest id, whoever asks."""
    found = [each for rule in rules for each in open_warnings.near(target, rule.equal) if rule.holds(target, each)]
    return min(found, key=lambda each: each.warning_id, default=None)


def _places(change: WarningChange) -> Iterator[tuple[str, str]]:
    yield "borrower", change.borrower_id
    if change.about.group is not None:
        yield "group", change.about.group


def _agree(equal: Sequence[Label], one: WarningChange, other: WarningChange) -> bool:
    ours, theirs = labels_of(one), labels_of(other)
    return all(ours[name] is not None and ours[name] == theirs[name] for name in equal)
