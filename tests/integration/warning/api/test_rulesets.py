"""The rules in force, the catalogue and the schema over HTTP."""

import jsonschema

from services.warning.core.indicators import CATALOGUE
from tests.integration.warning.api.conftest import Api


async def test_the_active_ruleset_is_told_as_it_is_evaluated_and_as_it_was_written(api: Api) -> None:
    status, body = await api.get("/v1/rulesets/active")

    assert status == 200
    assert (body["name"], body["time_zone"]) == ("test", "Africa/Lagos")
    (missed, _) = body["rules"]
    assert missed["bands"] == {"blue": 1, "yellow": 7, "orange": 30}
    assert "above: {blue: 1" in body["yaml"]


async def test_the_catalogue_lists_every_indicator_with_meaning_and_source(api: Api) -> None:
    _, body = await api.get("/v1/indicators")

    assert [each["name"] for each in body["indicators"]] == list(CATALOGUE)
    assert all(each["meaning"] and each["source"] and each["absent_when"] for each in body["indicators"])


async def test_every_published_change_is_valid_under_the_published_schema(api: Api) -> None:
    _, schema = await api.get("/v1/schemas/warning", key="none")

    published = await api.deployment.changes()
    assert published
    for change in published:
        jsonschema.validate(change.model_dump(mode="json"), schema)
