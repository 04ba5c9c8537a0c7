"""One bad record never stops a partition, and nothing is thrown away in silence."""

import pytest
from structlog.testing import capture_logs

from services.warning.core.borrower import Borrower
from services.warning.core.changes import Change
from services.warning.core.engine import Engine
from services.warning.core.facts import Remark
from services.warning.core.outcomes import Outcome
from services.warning.core.records import Event as CoreEvent
from services.warning.service import load_engine
from shared.kafka.partitions import partition_of
from tests.batches import REASONS, unreadable
from tests.events import clock, disbursed, event, exposed, repaid
from tests.integration.warning.conftest import Deployment, RunWorker
from tests.kafka_records import write_batches
from tests.topics import PARTITIONS, append_raw, until

HOME = partition_of(b"B1", PARTITIONS)


def _raw(
    identity: str, event_type: str, data: str, *, subject: str = "B1", time: str = "2025-01-01T00:00:00Z"
) -> bytes:
    return (
        f'{{"id":"{identity}","source":"/s","type":"{event_type}","subject":"{subject}","time":"{time}","data":{data}}}'
    ).encode()


CLOSED = '{"loan_id":"L","closed_on":"2025-01-01"}'
BROKEN = {
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe\x00",
    "nothing": b"",
    "no event": b'{"id": "1"}',
    "a time without its offset": _raw("1", "loan.closed", CLOSED, time="2025-01-01T00:00:00"),
    "data that lacks what is read": _raw("2", "loan.closed", "{}"),
    "a clock without its moment": _raw("3", "clock.advanced", "{}", subject="clock"),
    "another borrower's key": _raw("4", "loan.closed", CLOSED, subject="B2"),
    "a NUL": _raw("5\\u0000", "loan.closed", CLOSED),
    "deep nesting": b"[" * 100_000,
}


async def test_records_that_cannot_be_read_go_to_the_dead_letters_and_their_neighbours_are_decided(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    written = [(HOME, b"B1", value) for value in BROKEN.values()] + [(HOME, None, b'{"no": "key"}')]
    await append_raw(deployment.settings.kafka_bootstrap, deployment.topics.events, written)
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))

    async with run_worker():
        await deployment.caught_up()

    letters = await deployment.dead_letters()
    assert [each["bellwether_reason"] for each in letters] == ["unreadable"] * len(written)
    assert [each["bellwether_origin_offset"] for each in letters] == [str(each) for each in range(len(written))]
    assert await deployment.told() == [("B1", "raised", "yellow")]


async def test_what_no_client_can_read_goes_to_the_dead_letters_and_what_follows_it_is_decided(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    bootstrap, topic = deployment.settings.kafka_bootstrap, deployment.topics.events
    await write_batches(bootstrap, topic, unreadable().values(), partition=HOME)
    await deployment.append(exposed("B1", "2025-01-01", "lender-1"), exposed("B1", "2025-01-02", "lender-2"))

    async with run_worker() as metrics:
        await deployment.caught_up()

    told = [(each["bellwether_origin_offset"], each["bellwether_reason"]) for each in await deployment.dead_letters()]
    assert sorted(told) == [(str(offset), reason) for offset, reason in enumerate(REASONS)]
    assert await deployment.told() == [("B1", "raised", "yellow")]
    assert metrics.dead_letters.labels("unpacks_too_large")._value.get() == 4


async def test_a_record_on_a_foreign_partition_is_put_aside(deployment: Deployment, run_worker: RunWorker) -> None:
    value = _raw("1", "loan.closed", CLOSED)
    wrong = (HOME + 1) % PARTITIONS
    await append_raw(deployment.settings.kafka_bootstrap, deployment.topics.events, [(wrong, b"B1", value)])

    async with run_worker():
        await deployment.caught_up()

    (letter,) = await deployment.dead_letters()
    assert letter["bellwether_reason"] == "wrong_partition"
    assert f"belongs to partition {HOME}" in letter["bellwether_detail"]


async def test_late_and_conflicting_events_are_put_aside_with_the_reason(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    await deployment.append(
        exposed("B1", "2025-03-01", "lender-1", id="same"),
        exposed("B1", "2025-03-01", "lender-1", id="same"),
        exposed("B1", "2025-03-01", "lender-2", id="same"),
        exposed("B1", "2025-01-01", "lender-3"),
    )

    async with run_worker():
        await deployment.caught_up()

    assert [each["bellwether_reason"] for each in await deployment.dead_letters()] == ["id_conflict", "too_late"]


async def test_a_reversal_that_does_not_fit_its_payment_is_put_aside_naming_both_sides(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    reversal = {"repayment_id": "pay", "loan_id": "L1", "value_date": "2025-03-02"}
    await deployment.append(
        disbursed("B1", "2025-01-01", "2025-03-01"),
        repaid("B1", "2025-03-01", id="pay"),
        event("repayment.reversed", "B1", "2025-03-02", {**reversal, "amount": "100.01", "currency": "NGN"}),
        event("repayment.reversed", "B1", "2025-03-03", {**reversal, "currency": "EUR"}),
        clock("2025-03-10"),
    )

    async with run_worker() as metrics:
        await deployment.caught_up()

    letters = await deployment.dead_letters()
    assert [each["bellwether_reason"] for each in letters] == ["reversal_mismatch"] * 2
    assert "100 of 100 NGN; the reversal takes back 100.01" in letters[0]["bellwether_detail"]
    assert "currency, NGN; the reversal names EUR" in letters[1]["bellwether_detail"]
    assert await deployment.told() == []
    assert metrics.dead_letters.labels("reversal_mismatch")._value.get() == 2


async def test_what_an_event_says_in_vain_is_counted_and_logged_once_it_is_committed(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    paid = repaid("B1", "2025-02-01", id="dollars")
    paid["data"]["currency"] = "USD"
    await deployment.append(disbursed("B1", "2025-01-01", "2025-02-01", "2025-03-01"), paid)
    await deployment.append(disbursed("B1", "2025-02-10", "2025-03-01"))

    with capture_logs() as logs:
        async with run_worker() as metrics:
            await deployment.caught_up()

    counted = {name: metrics.remarks.labels(name)._value.get() for name in ("lacks_past", "other_currency")}
    assert counted == {"lacks_past": 1, "other_currency": 1}
    said = [each for each in logs if each["event"] == "warning.remark"]
    assert [(each["remark"], each["about"]) for each in said] == [("other_currency", "L1"), ("lacks_past", "L1")]
    assert said[0]["event_id"] == "dollars"
    assert await deployment.dead_letters() == []


class Fragile(Engine):
    """Raises on events whose id says so, and on every due time of a borrower called fragile."""

    def decide(
        self,
        borrower: Borrower,
        event: CoreEvent,
        clock: int,
        changes: list[Change],
        remarks: list[Remark] | None = None,
    ) -> Outcome:
        outcome = super().decide(borrower, event, clock, changes, remarks)
        if event.id == "poison":
            raise ZeroDivisionError("a bug in the engine")
        return outcome

    def advance(
        self, borrower: Borrower, through: int, changes: list[Change], remarks: list[Remark] | None = None
    ) -> int:
        if borrower.id == "fragile" and 0 < borrower.due <= through:
            raise ZeroDivisionError("a bug in a due time")
        return super().advance(borrower, through, changes, remarks)


@pytest.fixture
def fragile(deployment: Deployment) -> Fragile:
    sound = load_engine(deployment.settings.ruleset_file, deployment.settings.time_zone)
    return Fragile(sound.ruleset, sound.calendar)


async def test_an_event_on_which_the_engine_fails_leaves_its_borrower_as_before_and_blind(
    deployment: Deployment, run_worker: RunWorker, fragile: Fragile
) -> None:
    await deployment.append(
        exposed("B1", "2025-01-01", "lender-1"),
        exposed("B1", "2025-01-02", "lender-2", id="poison"),
        exposed("B1", "2025-01-03", "lender-3"),
        exposed("B2", "2025-01-01", "lender-1"),
        exposed("B2", "2025-01-02", "lender-2"),
    )

    async with run_worker(engine=fragile):
        await deployment.caught_up()

    (letter,) = await deployment.dead_letters()
    assert letter["bellwether_reason"] == "engine_error"
    blind = await deployment.connection.fetch("SELECT borrower_id FROM blind_borrowers")
    assert [row[0] for row in blind] == ["B1"]
    first = next(each for each in await deployment.changes() if each.borrower_id == "B1")
    assert (first.measure.value, first.at.day) == (2, 3)
    assert sorted(await deployment.told()) == [("B1", "raised", "yellow"), ("B2", "raised", "yellow")]


async def test_a_due_time_on_which_the_engine_fails_is_parked_and_the_others_fire(
    deployment: Deployment, run_worker: RunWorker, fragile: Fragile
) -> None:
    await deployment.append(
        disbursed("fragile", "2025-01-01", "2025-02-01"),
        *(disbursed(f"B{number}", "2025-01-01", "2025-02-01") for number in range(20)),
        clock("2025-02-02"),
    )

    async with run_worker(engine=fragile) as metrics:
        await deployment.caught_up()

    assert sorted(each[0] for each in await deployment.told()) == sorted(f"B{number}" for number in range(20))
    parked = await deployment.connection.fetch(
        "SELECT borrower_id, parked_error FROM timers WHERE parked_error IS NOT NULL"
    )
    assert [tuple(row) for row in parked] == [("fragile", "ZeroDivisionError: a bug in a due time")]
    assert metrics.timers_parked._value.get() == 1


async def test_an_event_of_unknown_type_stops_its_partition_and_no_other(
    deployment: Deployment, run_worker: RunWorker
) -> None:
    unknown = _raw("1", "rating.changed", "{}")
    other = next(f"B{number}" for number in range(2, 99) if partition_of(f"B{number}".encode(), PARTITIONS) != HOME)
    await append_raw(deployment.settings.kafka_bootstrap, deployment.topics.events, [(HOME, b"B1", unknown)])
    await deployment.append(
        event("loan.closed", "B1", "2025-01-01", {"loan_id": "L", "closed_on": "2025-01-01"}),
        exposed(other, "2025-01-01", "lender-1"),
        exposed(other, "2025-01-02", "lender-2"),
    )

    async with run_worker() as metrics:

        async def told() -> bool:
            return bool(await deployment.told()) and metrics.stopped_partitions._value.get() == 1

        await until(told, what="the other partition's warning is out")

    assert await deployment.told() == [(other, "raised", "yellow")]
    assert (await deployment.offsets())[HOME] == 0
    assert await deployment.dead_letters() == []
