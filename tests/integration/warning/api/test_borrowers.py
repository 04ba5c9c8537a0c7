"""GET /v1/borrowers/{id}: the whole picture of one borrower."""

from tests.integration.warning.api.conftest import Api


async def test_a_borrower_is_told_with_level_indicators_loans_and_open_warnings(api: Api) -> None:
    status, body = await api.get("/v1/borrowers/B1")

    assert status == 200
    assert (body["kind"], body["segment"], body["region"]) == ("individual", "consumer", "Kano")
    assert body["as_of"] == "2025-02-09T23:00:00Z", "00:00 of 10 February in Lagos"
    found = {each["name"]: each["value"] for each in body["indicators"]}
    assert (found["days_past_due"], found["other_lenders_90d"]) == (9, 2)
    (loan,) = body["loans"]
    assert (loan["loan_id"], loan["days_past_due"], loan["scheduled"], loan["paid"]) == ("L1", 9, "200", "0")
    assert (loan["closed"], loan["written_off"], loan["lacks"], loan["reversals_alone"]) == (False, None, [], 0)
    assert {each["rule"]: each["level"] for each in body["open_warnings"]} == {
        "missed_payment": "yellow",
        "multi_lender_exposure": "yellow",
    }
    assert body["level"] == "orange", "two families that agree on yellow raise it"


async def test_an_indicator_that_lacks_data_is_absent_and_says_what_is_missing(api: Api) -> None:
    _, body = await api.get("/v1/borrowers/B1")

    (revenue,) = [each for each in body["indicators"] if each["name"] == "revenue_change_3m"]
    assert revenue["value"] is None
    assert "6 of the last 12 months" in revenue["absent_because"]


async def test_a_borrower_nobody_has_heard_of_is_a_404_that_says_so(api: Api) -> None:
    status, body = await api.get("/v1/borrowers/nobody")

    assert (status, body["detail"]) == (404, "no event of a borrower 'nobody' has been decided")


async def test_reading_needs_a_key_with_the_scope(api: Api) -> None:
    assert [(await api.get("/v1/borrowers/B1", key=key))[0] for key in ("none", "acknowledge")] == [401, 403]
