"""The rules in force and the numbers they may measure."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from services.warning.api.answers import Catalogue, IndicatorAnswer, RuleAnswer, RulesetAnswer
from services.warning.core.calendar import SECOND
from services.warning.core.changes import ENGINE_VERSION
from services.warning.core.engine import Engine
from services.warning.core.indicators import CATALOGUE
from services.warning.core.rules.ruleset import LEVELS, Rule
from shared.auth import ApiKey
from shared.warnings import WarningChange


class _SchemaResponse(JSONResponse):
    media_type = "application/schema+json"


def _rule(rule: Rule) -> RuleAnswer:
    return RuleAnswer.model_validate(
        {
            "id": rule.id,
            "family": rule.family,
            "per": rule.per,
            "measure": rule.measure if isinstance(rule.measure, str) else rule.measure.source,
            "unit": rule.unit,
            "direction": rule.bands.direction,
            "bands": {LEVELS[level]: threshold for threshold, level in rule.bands.steps},
            "given": rule.given.source if rule.given else None,
            "hold_seconds": rule.hold / SECOND,
            "segments": list(rule.segments),
            "text": dict(rule.text),
            "source": rule.source,
        }
    )


def rulesets_router(engine: Engine, written: str, reads: Callable[..., ApiKey]) -> APIRouter:
    """The routes about rules; `written` is the ruleset's text."""
    router = APIRouter(prefix="/v1", tags=["rules"])
    ruleset = engine.ruleset
    active = RulesetAnswer(
        name=ruleset.name,
        version=ruleset.version,
        digest=ruleset.digest,
        time_zone=engine.calendar.zone,
        engine=ENGINE_VERSION,
        rules=[_rule(each) for each in ruleset.rules],
        yaml=written,
    )
    catalogue = Catalogue(indicators=[IndicatorAnswer.of(each) for each in CATALOGUE.values()])

    @router.get("/rulesets/active", summary="The rules that decide now")
    async def active_ruleset(_: Annotated[ApiKey, Depends(reads)]) -> RulesetAnswer:
        return active

    @router.get("/indicators", summary="The catalogue of indicators")
    async def indicators(_: Annotated[ApiKey, Depends(reads)]) -> Catalogue:
        return catalogue

    @router.get(
        "/schemas/warning",
        summary="JSON Schema of a warning change, the data of each event on topic warnings",
        response_class=_SchemaResponse,
    )
    async def schema() -> _SchemaResponse:
        return _SchemaResponse(warning_schema())

    return router


def warning_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what is published on topic `warnings`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **WarningChange.model_json_schema()}
