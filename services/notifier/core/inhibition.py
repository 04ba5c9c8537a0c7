"""Warnings that are not told while a weightier one is open."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Self

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


def inhibitor(
    rules: Sequence[Inhibition], target: WarningChange, open_warnings: Iterable[WarningChange]
) -> WarningChange | None:
    """The open warning that mutes the change; of several the one with the smallest id, whoever asks."""
    found = [each for each in open_warnings if any(rule.holds(target, each) for rule in rules)]
    return min(found, key=lambda each: each.warning_id, default=None)


def _agree(equal: Sequence[Label], one: WarningChange, other: WarningChange) -> bool:
    ours, theirs = labels_of(one), labels_of(other)
    return all(ours[name] is not None and ours[name] == theirs[name] for name in equal)
