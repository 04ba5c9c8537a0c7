"""Warnings that are not told while a weightier one is open."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.core.labels import Label
from services.notifier.core.matching import Match


class Inhibition(BaseModel):
    """While a warning that `source` accepts is open, those that `target` accepts and that agree in `equal` are held."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Match
    target: Match
    equal: Annotated[tuple[Label, ...], Field(min_length=1, max_length=4)] = ("borrower",)
