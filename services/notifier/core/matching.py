"""What a change must be, for a route, a silence or an inhibition to be about it."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from services.notifier.core.labels import labels_of
from shared.texts import Line
from shared.warnings import Kind, Level, WarningChange

_RANK = {level: rank for rank, level in enumerate(Level)}

Cause = Literal[
    "event", "time", "condition", "corrected", "rescheduled", "written_off", "rule_retired", "loan_forgotten"
]


def _as_list(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


class _OrOneAlone:
    """Has the JSON Schema say that a single item may stand without its list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(core)
        return {"anyOf": [several, several["items"]]}


_Item = TypeVar("_Item")
_OneOrMore = Annotated[tuple[_Item, ...], BeforeValidator(_as_list), Field(min_length=1), _OrOneAlone()]
Words = _OneOrMore[Line]


def reached_level(change: WarningChange) -> Level:
    """The higher of the levels before and after: whoever was told it is red is told that it no longer is."""
    return max((level for level in (change.level, change.previous_level) if level), key=_RANK.__getitem__)


def causes_of(change: WarningChange) -> frozenset[str]:
    """What led to the change: an event, or that time passed without one; and why it cleared."""
    came = "time" if change.evidence.event_id is None else "event"
    return frozenset({came, change.reason} if change.reason else {came})


class Match(BaseModel):
    """Every key given must hold, and a key holds where one of its values does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: _OneOrMore[Level] | None = Field(
        default=None, description="The higher of the level before and after the change"
    )
    kind: _OneOrMore[Kind] | None = Field(default=None, description="Acknowledged only where it is named")
    cause: _OneOrMore[Cause] | None = Field(
        default=None, description="An event, time (something did not come), or why it cleared"
    )
    borrower: Words | None = None
    loan: Words | None = None
    rule: Words | None = None
    family: Words | None = None
    segment: Words | None = None
    product: Words | None = None
    region: Words | None = None
    branch: Words | None = None
    lender_unit: Words | None = None
    relationship_manager: Words | None = None
    group: Words | None = None

    def accepts(self, change: WarningChange) -> bool:
        """Whether the change is one of those meant."""
        if self.level is not None and reached_level(change) not in self.level:
            return False
        if self.kind is not None and change.kind not in self.kind:
            return False
        if self.cause is not None and not causes_of(change) & set(self.cause):
            return False
        wanted = self._labels()
        if not wanted:
            return True
        labels = labels_of(change)
        return all(labels[name] in values for name, values in wanted)

    def _labels(self) -> list[tuple[str, tuple[str, ...]]]:
        return [
            (name, getattr(self, name))
            for name in self.model_fields_set
            if name not in ("level", "kind", "cause") and getattr(self, name) is not None
        ]
