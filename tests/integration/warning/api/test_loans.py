"""Warnings of loans over HTTP: one for each, or one of the borrower that names the worst of them now."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.events import clock, disbursed, repaid
from tests.integration.warning.api.conftest import Api
from tests.integration.warning.conftest import Deployment, RunWorker

RULES = """
ruleset: loans
rules:
- {id: missed_payment, family: repayment, measure: days_past_due, per: loan, above: {blue: 1, yellow: 7}}
- {id: worst, family: repayment, measure: days_past_due, above: {blue: 1}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The same measure of each loan, and of the borrower."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
async def decided(deployment: Deployment, run_worker: RunWorker) -> Deployment:
    """A and B of one borrower are both unpaid since 1 February; then A is paid, and it is 10 February."""
    await deployment.append(
        disbursed("B1", "2025-01-01", "2025-02-01", loan="A", amount="100.00"),
        disbursed("B1", "2025-01-01", "2025-02-01", loan="B", amount="90000.00"),
        clock("2025-02-05"),
        repaid("B1", "2025-02-05", "100.00", loan="A"),
        clock("2025-02-10"),
    )
    async with run_worker():
        await deployment.caught_up()
    return deployment


async def _listed(api: Api, **filters: str) -> list[dict[str, Any]]:
    _, body = await api.get("/v1/warnings", **filters)
    return body["warnings"]  # type: ignore[no-any-return]


async def test_each_loan_has_a_warning_of_its_own_that_is_found_by_its_loan(api: Api) -> None:
    found = await _listed(api, rule="missed_payment")
    assert {each["loan_id"]: each["level"] for each in found} == {"A": None, "B": "yellow"}
    assert len({each["warning_id"] for each in found}) == 2
    assert {each["last_change"]["per"] for each in found} == {"loan"}

    (only,) = await _listed(api, loan_id="B")
    assert (only["rule"], only["last_change"]["text"]["en"]) == (
        "missed_payment",
        "yellow: days_past_due is 7 days for loan B of borrower B1.",
    )


async def test_a_loan_that_is_no_identifier_is_a_422_that_names_it(api: Api) -> None:
    status, body = await api.get("/v1/warnings", loan_id="a b")

    assert (status, "loan_id" in body["errors"][0]["pointer"]) == (422, True)


async def test_a_warning_of_the_borrower_names_the_loan_that_is_the_worst_now_though_nothing_changed(api: Api) -> None:
    (listed,) = await _listed(api, rule="worst")
    _, told = await api.get(f"/v1/warnings/{listed['warning_id']}")
    _, borrower = await api.get("/v1/borrowers/B1")
    (shown,) = [each for each in borrower["open_warnings"] if each["rule"] == "worst"]

    assert [each["loan_id"] for each in told["changes"]] == ["A"], "nothing has changed since A was the worst"
    assert [listed["loan_id"], told["loan_id"], shown["loan_id"]] == ["B", "B", "B"]
    assert listed["last_change"]["per"] == "borrower"


async def test_rules_and_indicators_say_whether_they_are_per_loan(api: Api) -> None:
    _, ruleset = await api.get("/v1/rulesets/active")
    _, catalogue = await api.get("/v1/indicators")

    assert {each["id"]: each["per"] for each in ruleset["rules"]} == {"missed_payment": "loan", "worst": "borrower"}
    able = {each["name"] for each in catalogue["indicators"] if each["per_loan"]}
    assert able == {"days_past_due", "days_until_due"}


async def test_warnings_of_a_loan_are_found_by_an_index(api: Api) -> None:
    connection: asyncpg.Connection = api.deployment.connection
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetch(
        "EXPLAIN SELECT 1 FROM warnings WHERE loan_id = $1 ORDER BY raised_at DESC, warning_id DESC LIMIT 50", "B"
    )
    assert any("warnings_by_loan" in row[0] for row in plan)
