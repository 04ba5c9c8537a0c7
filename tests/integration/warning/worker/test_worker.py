"""The consume loop on a real Kafka and a real PostgreSQL."""

from tests.events import clock, disbursed, exposed, repaid
from tests.integration.warning.conftest import Deployment, RunWorker


async def test_a_payment_that_does_not_come_raises_a_warning_and_one_that_does_clears_it(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(
        disbursed("B1", "2025-01-01", "2025-02-01"),
        disbursed("B2", "2025-01-01", "2025-02-01"),
        repaid("B2", "2025-02-01"),
        clock("2025-02-02"),
        clock("2025-02-09"),
        repaid("B1", "2025-02-09"),
    )

    async with run_worker():
        await deployment.caught_up()

    assert await deployment.told() == [("B1", "raised", "blue"), ("B1", "escalated", "yellow"), ("B1", "cleared", None)]


async def test_a_worker_goes_on_where_the_last_one_stopped(deployment: Deployment, run_worker: RunWorker) -> None:
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"))
    async with run_worker():
        await deployment.caught_up()
    await deployment.append(exposed("B1", "2025-01-02", "lender-2"))

    async with run_worker():
        await deployment.caught_up()

    assert await deployment.told() == [("B1", "raised", "yellow")]
