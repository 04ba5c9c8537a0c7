"""From topic `acknowledgements` to topic `warnings`: each recorded and told once, and no record stops the partition."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.warning.acknowledging.recording import Recorder
from services.warning.acknowledging.telling import ControlOutbox
from services.warning.metrics import Metrics
from services.warning.service import acknowledging
from services.warning.store import SCHEMA
from services.warning.store.commit import pack_headers
from services.warning.store.steady import SteadyConnection
from shared.acknowledgements import AcknowledgementGiven
from shared.acknowledgements import record as sent
from shared.db import create_engine
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import Producer
from shared.warnings import Kind, WarningChange
from tests.batches import REASONS, unreadable
from tests.integration.warning.conftest import Deployment
from tests.kafka_records import Plain, committed, create_topic, write_batches, write_topic
from tests.topics import records, until

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Run = Callable[[], AbstractAsyncContextManager[CollectorRegistry]]


def plain(given: AcknowledgementGiven) -> Plain:
    made = sent("acknowledgements", given)
    return made.key, made.value, list(made.headers)


def press(warning: UUID, *, identity: UUID | None = None, by: str = "officer-7") -> AcknowledgementGiven:
    return AcknowledgementGiven(id=identity or uuid4(), warning_id=warning, by=by, at=AT, via="link", link_of="desk")


class Desk:
    """Gives acknowledgements, and sees what came of them."""

    def __init__(self, deployment: Deployment, warnings: dict[str, UUID]) -> None:
        self._deployment = deployment
        self._group = deployment.topics.group("warning", deployment.topics.acknowledgements)
        self._bootstrap = deployment.settings.kafka_bootstrap
        self.warnings = warnings
        """By rule, those of B1."""

    async def give(self, *written: Plain) -> None:
        await write_topic(self._bootstrap, self._deployment.topics.acknowledgements, written)

    async def all_committed(self, count: int) -> None:
        async def done() -> bool:
            found = await committed(self._bootstrap, self._group, self._deployment.topics.acknowledgements)
            return found.get(0) == count

        await until(done, what=f"{count} records are committed")

    async def stored(self) -> list[tuple[UUID, str]]:
        rows = await self._deployment.connection.fetch(
            "SELECT warning_id, by_whom FROM acknowledgements WHERE link_of = 'desk' ORDER BY at"
        )
        return [(row[0], row[1]) for row in rows]

    async def told(self, count: int) -> list[WarningChange]:
        """The acknowledgements on topic `warnings`, once there are so many and none waits any more."""

        async def quiet() -> bool:
            left = await self._deployment.connection.fetchval("SELECT count(*) FROM control_outbox")
            return not left and len(await self._on_topic()) >= count

        await until(quiet, what=f"{count} acknowledgements are told")
        return await self._on_topic()

    async def _on_topic(self) -> list[WarningChange]:
        found = await records(self._bootstrap, self._deployment.topics.warnings)
        changes = [WarningChange.model_validate_json(each.value) for each in found]
        return [each for each in changes if each.kind is Kind.ACKNOWLEDGED]


@pytest.fixture
async def desk(decided: Deployment) -> Desk:
    rows = await decided.connection.fetch("SELECT rule, warning_id FROM warnings WHERE borrower_id = 'B1'")
    return Desk(decided, {row[0]: row[1] for row in rows})


@pytest.fixture
def run(decided: Deployment) -> Run:
    """Records and publishes while its context lasts."""

    @asynccontextmanager
    async def running() -> AsyncIterator[CollectorRegistry]:
        settings, registry, stop = decided.settings, CollectorRegistry(), asyncio.Event()
        producer, database = Producer(settings, client_id="test"), create_engine(settings, SCHEMA)
        metrics, topics = Metrics(registry), decided.topics
        letters = LetterBox(producer, metrics.records_refused)
        control = ControlOutbox(SteadyConnection(settings), producer, letters, topics.dead_letters, metrics)
        recorder = Recorder(database, control, topics)
        member = acknowledging(settings, recorder, letters, metrics)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(member.run(stop))
                group.create_task(control.run(stop))
                try:
                    yield registry
                finally:
                    stop.set()
        finally:
            await producer.stop()
            await database.dispose()

    return running


def counted(registry: CollectorRegistry, outcome: str) -> float:
    return registry.get_sample_value("bellwether_warning_acknowledgements_total", {"outcome": outcome}) or 0.0


async def test_one_that_comes_twice_is_recorded_and_told_once(desk: Desk, run: Run) -> None:
    warning = desk.warnings["missed_payment"]
    pressed = press(warning)
    again = pressed.model_copy(update={"by": "somebody else", "note": "pressed again"})
    async with run() as registry:
        await desk.give(plain(pressed), plain(pressed))
        await desk.all_committed(2)
        (told,) = await desk.told(1)
    async with run() as after:  # as after a crash before the offset was committed
        await desk.give(plain(again))
        await desk.all_committed(3)

    assert await desk.stored() == [(warning, "officer-7")]
    assert await desk.told(1) == [told]
    assert (told.warning_id, told.level, told.at) == (warning, "yellow", AT)
    assert told.acknowledgement is not None
    assert (told.acknowledgement.id, told.acknowledgement.by) == (pressed.id, "officer-7")
    assert told.acknowledgement.link_of == "desk"
    assert [counted(each, "recorded") for each in (registry, after)] == [1, 0]
    assert [counted(each, "known") for each in (registry, after)] == [1, 1]


async def test_two_who_answer_for_one_warning_are_both_recorded_and_told(desk: Desk, run: Run) -> None:
    warning = desk.warnings["missed_payment"]
    async with run():
        await desk.give(plain(press(warning, by="Desk")), plain(press(warning, by="Head 𝄞")))
        told = await desk.told(2)

    assert sorted(await desk.stored()) == [(warning, "Desk"), (warning, "Head 𝄞")]
    assert sorted(each.acknowledgement.by for each in told if each.acknowledgement) == ["Desk", "Head 𝄞"]


async def test_replicas_that_come_and_go_record_each_once_between_them(desk: Desk, run: Run) -> None:
    warning = desk.warnings["missed_payment"]
    given = [plain(press(warning, by=f"{number}")) for number in range(90)]

    async def recorded(count: int) -> bool:
        return len(await desk.stored()) >= count

    async with run() as first:
        await desk.give(*given[:30])
        await until(partial(recorded, 10), what="the first replica is at it")
        async with run() as second:
            await desk.give(*given[30:60])
            await until(partial(recorded, 60), what="the two have recorded 60")
    async with run() as third:
        await desk.give(*given[60:])
        await desk.all_committed(90)
        told = await desk.told(90)

    assert sorted(by for _, by in await desk.stored()) == sorted(f"{number}" for number in range(90))
    assert len({each.change_id for each in told}) == 90
    assert sum(counted(each, "recorded") for each in (first, second, third)) == 90


async def test_what_cannot_be_recorded_is_a_dead_letter_and_the_next_is_recorded(
    desk: Desk, run: Run, decided: Deployment
) -> None:
    first, second = desk.warnings["missed_payment"], desk.warnings["multi_lender_exposure"]
    pressed = press(first)
    key, value, headers = plain(press(first))
    broken: list[tuple[str, Plain]] = [
        ("malformed", (key, b"{", headers)),
        ("malformed", (None, None, [])),
        ("unknown_type", (key, value, [("ce_type", b"acknowledgement.withdrawn")])),
        ("unknown_warning", plain(press(uuid4()))),
        ("id_in_use", plain(press(second, identity=pressed.id))),
    ]
    async with run():
        await desk.give(plain(pressed), *(each for _, each in broken), plain(press(second, by="Head")))
        await desk.all_committed(len(broken) + 2)

    letters = await decided.dead_letters()
    assert sorted((each["bellwether_origin_offset"], each["bellwether_reason"]) for each in letters) == [
        (str(offset), reason) for offset, (reason, _) in enumerate(broken, start=1)
    ]
    assert {(each["bellwether_service"], each["bellwether_origin_topic"]) for each in letters} == {
        ("warning", decided.topics.acknowledgements)
    }
    assert {by: warning for warning, by in await desk.stored()} == {"officer-7": first, "Head": second}


async def test_what_no_client_can_read_is_a_dead_letter_and_the_next_is_recorded(
    desk: Desk, run: Run, decided: Deployment
) -> None:
    warning = desk.warnings["missed_payment"]
    async with run():
        await write_batches(
            decided.settings.kafka_bootstrap, decided.topics.acknowledgements, unreadable().values(), partition=0
        )
        await desk.give(plain(press(warning)))
        await desk.all_committed(len(REASONS) + 1)

    assert sorted(each["bellwether_reason"] for each in await decided.dead_letters()) == REASONS
    assert await desk.stored() == [(warning, "officer-7")]


async def test_what_kafka_refuses_for_good_is_a_dead_letter_and_the_next_one_is_told(
    desk: Desk, run: Run, decided: Deployment
) -> None:
    name = f"{decided.topics.prefix}narrow"
    narrow = await create_topic(decided.settings.kafka_bootstrap, name, {"max.message.bytes": "200"})
    await decided.connection.execute(
        "INSERT INTO control_outbox (topic, key, value, headers) VALUES ($1, $2, $3, $4)",
        narrow,
        b"B1",
        bytes(500),
        pack_headers([("h", b"v")]),
    )
    async with run() as registry:
        await desk.give(plain(press(desk.warnings["missed_payment"])))
        await desk.told(1)

    (letter,) = await decided.dead_letters()
    assert (letter["bellwether_reason"], letter["bellwether_origin_topic"]) == ("refused_by_broker", narrow)
    assert letter["h"] == "v"
    assert registry.get_sample_value("bellwether_warning_records_refused_total") == 1


async def test_what_comes_while_the_database_is_away_is_recorded_once_it_is_back(
    desk: Desk, run: Run, database_url: str
) -> None:
    warning = desk.warnings["missed_payment"]
    watcher = await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})
    async with run():
        await desk.give(plain(press(warning, by="before")))
        await desk.told(1)
        async with watcher.transaction():
            await watcher.execute("LOCK TABLE acknowledgements IN EXCLUSIVE MODE")
            await desk.give(plain(press(warning, by="meanwhile")))
            await until(lambda: _waits(watcher), what="it waits for the table")
            await watcher.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND wait_event_type = 'Lock' AND datname = current_database()"
            )
        await desk.all_committed(2)
        await desk.told(2)
    await watcher.close()

    assert {by for _, by in await desk.stored()} == {"before", "meanwhile"}


async def _waits(watcher: "asyncpg.Connection") -> bool:
    return bool(
        await watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    )
