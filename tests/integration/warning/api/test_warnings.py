"""Warnings over HTTP: listed, told in full, acknowledged."""

from copy import copy
from uuid import uuid4

import pytest

from shared.warnings import WarningChange
from tests.integration.warning.api.conftest import Api


async def _only(api: Api, **filters: str) -> dict:  # type: ignore[type-arg]
    _, body = await api.get("/v1/warnings", **filters)
    (found,) = body["warnings"]
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, 3),
        ({"state": "open"}, 2),
        ({"state": "ended"}, 1),
        ({"borrower_id": "B2"}, 1),
        ({"rule": "missed_payment"}, 2),
        ({"family": "exposure"}, 1),
        ({"level": "yellow"}, 2),
        ({"raised_from": "2025-02-01T00:00:00Z"}, 2),
        ({"raised_before": "2025-02-01T00:00:00Z"}, 1),
        ({"borrower_id": "B2", "state": "open"}, 0),
    ],
)
async def test_each_filter_keeps_the_warnings_that_meet_it(api: Api, filters: dict[str, str], expected: int) -> None:
    status, body = await api.get("/v1/warnings", **filters)

    assert (status, len(body["warnings"])) == (200, expected)


async def test_pages_follow_each_other_without_gap_or_repeat(api: Api) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        _, body = await api.get("/v1/warnings", limit="1", **cursor)
        found += [each["warning_id"] for each in body["warnings"]]
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}

    _, whole = await api.get("/v1/warnings")
    assert found == [each["warning_id"] for each in whole["warnings"]]
    assert len(set(found)) == 3


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "MjAyNS0wMS0wMSB4", "\u00ff"])
async def test_a_cursor_nobody_gave_out_is_a_400(api: Api, cursor: str) -> None:
    status, body = await api.get("/v1/warnings", cursor=cursor)

    assert (status, body["title"]) == (400, "Unknown cursor")


@pytest.mark.parametrize(
    "filters",
    [{"level": "purple"}, {"limit": "0"}, {"borrower_id": "a b"}, {"raised_from": "99999-01-01"}, {"rule": "\x00"}],
)
async def test_a_filter_that_makes_no_sense_is_a_422_that_names_it(api: Api, filters: dict[str, str]) -> None:
    status, body = await api.get("/v1/warnings", **filters)

    assert status == 422
    assert next(iter(filters)) in body["errors"][0]["pointer"]


async def test_a_warning_is_told_with_every_change_and_its_evidence(api: Api) -> None:
    summary = await _only(api, borrower_id="B1", rule="missed_payment")

    status, body = await api.get(f"/v1/warnings/{summary['warning_id']}")

    assert status == 200
    changes = [WarningChange.model_validate(each) for each in body["changes"]]
    assert [(each.kind, each.level) for each in changes] == [("raised", "blue"), ("escalated", "yellow")]
    assert changes[0].evidence.event_id is None, "time itself raised it"
    assert changes[0].evidence.window is not None
    assert changes[1].text.en == "7 days past due on L1"


async def test_a_warning_nobody_raised_is_a_404(api: Api) -> None:
    assert (await api.get(f"/v1/warnings/{uuid4()}"))[0] == 404


async def test_an_acknowledgement_is_kept_and_published_once_however_often_it_is_sent(api: Api) -> None:
    warning = await _only(api, borrower_id="B1", rule="missed_payment")
    path, body = f"/v1/warnings/{warning['warning_id']}/acknowledgements", {"by": "officer-7", "id": str(uuid4())}

    answers = [await api.post(path, body) for _ in range(3)]
    await api.control.publish()

    assert [status for status, _ in answers] == [201, 200, 200]
    assert len({str(answer) for _, answer in answers}) == 1
    _, detail = await api.get(f"/v1/warnings/{warning['warning_id']}")
    assert [each["by"] for each in detail["acknowledgements"]] == ["officer-7"]
    (told,) = [each for each in await api.deployment.changes() if each.kind == "acknowledged"]
    assert told.acknowledgement is not None
    assert (told.acknowledgement.by, str(told.warning_id)) == ("officer-7", warning["warning_id"])
    assert await api.control.publish() == 0


async def test_one_that_has_ended_may_still_be_answered_for_and_is_told_with_the_level_it_had(api: Api) -> None:
    warning = await _only(api, borrower_id="B2")
    assert warning["level"] is None

    status, _ = await api.post(f"/v1/warnings/{warning['warning_id']}/acknowledgements", {"by": "officer-7"})
    await api.control.publish()

    assert status == 201
    (told,) = [each for each in await api.deployment.changes() if each.kind == "acknowledged"]
    assert (told.level, told.previous_level) == (None, "blue")


async def test_an_id_used_for_another_warning_is_a_409(api: Api) -> None:
    first = await _only(api, borrower_id="B1", rule="missed_payment")
    second = await _only(api, borrower_id="B1", rule="multi_lender_exposure")
    body = {"by": "officer-7", "id": str(uuid4())}
    await api.post(f"/v1/warnings/{first['warning_id']}/acknowledgements", body)

    assert (await api.post(f"/v1/warnings/{second['warning_id']}/acknowledgements", body))[0] == 409


async def test_acknowledging_needs_its_own_scope(api: Api) -> None:
    path = f"/v1/warnings/{uuid4()}/acknowledgements"

    assert (await api.post(path, {"by": "x"}, key="warnings"))[0] == 403
    assert (await api.post(path, {"by": "x"}))[0] == 404


async def test_only_one_replica_publishes_what_the_api_wrote(api: Api) -> None:
    await api.control.publish()
    other = copy(api.control)
    other._connection = type(api.control._connection)(api.deployment.settings)
    warning = await _only(api, borrower_id="B1", rule="missed_payment")
    await api.post(f"/v1/warnings/{warning['warning_id']}/acknowledgements", {"by": "officer-7"})

    assert await other.publish() == 0
    assert await api.control.publish() == 1
    await other.close()
