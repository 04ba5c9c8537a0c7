"""Borrowers are written to gently, when they may be: PostgreSQL, and a mail server that listens."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from deploy.local.ports import free_port
from services.notifier.channels import discover
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.contact import Contact
from services.notifier.delivering.borrowers import Guard
from services.notifier.delivering.endpoint import open_endpoints
from services.notifier.delivering.worker import Pace, Worker
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import contacts
from services.notifier.store.claiming import Claim, claim
from services.notifier.store.connection import Connection
from services.notifier.store.sealing import Sealer
from shared.clock import ManualClock
from shared.warnings import WarningChange
from tests.changes import change, recovery, take, taken
from tests.channels import LOOPBACK
from tests.sink import Sink
from tests.topics import until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEALER = Sealer({"test": bytes(range(32))})
READER = Contact("TEST-0001", "en", "Asia/Shanghai", None, "reader@mail.example", frozenset({"email"}))


class Mailbox:
    """Takes mail; `answers` are given first, one each."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - their name
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"


def _receiver(port: int, **more: Any) -> ReceiverSettings:
    given = {
        "channel": "email", "audience": "borrower", "host": "127.0.0.1", "port": port, "tls": "none",
        "from": "Example Bank <service@lender.example>", "conduct": "china", "retry": {"first": "20ms"},
        "borrower": {"template": "late", "lender": "Example Bank", "contact": "+1 202 555 0100"},
    }  # fmt: skip
    return discover()["email"].settings.model_validate({**given, **more})


class Bench:
    """A worker that writes to borrowers by e-mail."""

    def __init__(
        self, settings: NotifierSettings, receiver: ReceiverSettings, mailbox: Mailbox, clock: ManualClock
    ) -> None:
        self.mailbox, self.clock = mailbox, clock
        self.registry = CollectorRegistry()
        self.connections = [Connection(settings) for _ in range(3)]
        self.worker = Worker(
            open_endpoints({"gentle": receiver}),
            *self.connections[:2],
            pace=Pace(attempt=5, lease=10, poll=0.02),
            clock=clock,
            metrics=Metrics(self.registry),
            sealer=SEALER,
        )

    async def know(self, contact: Contact) -> None:
        async with self.connections[2].transaction() as connection:
            await contacts.put(connection, SEALER, contact, self.clock.now())

    async def queue(self, given: WarningChange, lives: timedelta = 30 * DAY) -> None:
        now = self.clock.now()
        async with self.connections[2].transaction() as connection:
            await take(connection, [taken(given, "gentle", give_up_at=now + lives)], now)
        self.worker.wake(["gentle"])

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.connections[2].statements() as connection:
            return [tuple(each) for each in await connection.fetch(sql)]

    async def holds(self, sql: str, rows: list[tuple[Any, ...]]) -> bool:
        return await self.rows(sql) == rows


@asynccontextmanager
async def _running(bench: Bench) -> AsyncIterator[Bench]:
    stop = asyncio.Event()
    task = asyncio.create_task(bench.worker.run(stop))
    try:
        yield bench
    finally:
        stop.set()
        await task
        for each in bench.connections:
            await each.close()


@asynccontextmanager
async def _bench(settings: NotifierSettings, clock: ManualClock, **more: Any) -> AsyncIterator[Bench]:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        async with _running(Bench(settings, _receiver(port, **more), mailbox, clock)) as bench:
            yield bench
    finally:
        controller.stop()


@pytest.fixture
async def bench(settings: NotifierSettings, clock: ManualClock) -> AsyncIterator[Bench]:
    async with _bench(settings, clock) as running:
        yield running


STATES = "SELECT state FROM deliveries ORDER BY position"
DUE = "SELECT due_at, tries FROM queue WHERE NOT claimed ORDER BY position"
COUNT = "SELECT count(*) FROM deliveries WHERE state"
NOTICES = "SELECT state, reason FROM notices ORDER BY number"


async def test_a_borrower_gets_a_gentle_mail_at_the_address_of_the_directory(bench: Bench) -> None:
    await bench.know(READER)
    await bench.queue(change())
    await until(lambda: bench.holds(STATES, [("delivered",)]))

    [(to, mail)] = bench.mailbox.mails
    assert to == ["reader@mail.example"]
    assert mail["Subject"] == "A message from Example Bank"
    text = mail.get_body(("plain",))
    assert text is not None
    said = text.get_content()
    assert "we would like to help" in said
    assert "no more such messages" in said
    assert "missed_payment" not in said
    assert await bench.rows("SELECT kind, debt, at FROM contact_touches") == [
        ("message", change().loan_id or "", bench.clock.now())
    ]
    [(sealed,)] = await bench.rows("SELECT sealed FROM contacts")
    assert b"reader" not in sealed


async def test_a_second_message_waits_for_the_next_day_and_counts_no_try(bench: Bench, clock: ManualClock) -> None:
    await bench.know(READER)
    first = clock.now()
    await bench.queue(change(1))
    await until(lambda: bench.holds(STATES, [("delivered",)]))
    await bench.queue(change(2))
    await until(lambda: bench.holds(DUE, [(first + DAY, 0)]))
    assert len(bench.mailbox.mails) == 1

    clock.advance(DAY)
    await until(lambda: bench.holds(STATES, [("delivered",), ("delivered",)]))
    assert len(bench.mailbox.mails) == 2


async def test_at_night_a_message_waits_for_the_morning_where_the_borrower_is(bench: Bench, clock: ManualClock) -> None:
    await bench.know(READER)
    clock.advance(datetime(2026, 3, 1, 23, tzinfo=ZoneInfo("Asia/Shanghai")) - clock.now())
    await bench.queue(change())
    morning = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
    await until(lambda: bench.holds(DUE, [(morning, 0)]))
    assert bench.mailbox.mails == []


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (None, "no_contact"),
        (replace(READER, opted_out=True), "opted_out"),
        (replace(READER, consents=frozenset()), "no_consent"),
    ],
)
async def test_who_cannot_or_will_not_be_written_to_is_not_and_a_notice_says_why(
    bench: Bench, known: Contact | None, reason: str
) -> None:
    if known is not None:
        await bench.know(known)
    await bench.queue(change())
    await until(lambda: bench.holds(NOTICES, [("suppressed", reason)]))

    assert await bench.rows(STATES) == [("suppressed",)]
    assert await bench.rows("SELECT position FROM queue") == []
    assert bench.mailbox.mails == []


async def test_after_a_conversation_what_cannot_wait_so_long_is_let_go(bench: Bench, clock: ManualClock) -> None:
    await bench.know(READER)
    async with bench.connections[2].transaction() as connection:
        spoken = [(READER.borrower_id, None, "conversation", change().change_id)]
        await contacts.touch(connection, spoken, clock.now() - HOUR)
    await bench.queue(change(), lives=DAY)
    await until(lambda: bench.holds(NOTICES, [("suppressed", "conduct")]))
    assert bench.mailbox.mails == []


async def test_a_recovery_is_no_reason_to_write_to_a_borrower(bench: Bench) -> None:
    await bench.know(READER)
    await bench.queue(recovery())
    await until(lambda: bench.holds(NOTICES, [("suppressed", "conduct")]))


async def test_a_recovery_that_is_asked_for_goes_only_to_whoever_was_told(
    settings: NotifierSettings, clock: ManualClock
) -> None:
    async with _bench(settings, clock, borrower_kinds=["raised", "cleared"]) as bench:
        await bench.know(replace(READER, opted_out=True))
        await bench.queue(change(1))
        await until(lambda: bench.holds(NOTICES, [("suppressed", "opted_out")]))
        await bench.know(READER)
        await bench.queue(recovery(1))
        await until(lambda: bench.holds(NOTICES, [("suppressed", "opted_out"), ("suppressed", "untold")]))
        await bench.queue(change(2))
        await until(lambda: bench.holds(f"{COUNT} = 'delivered'", [(1,)]))
        clock.advance(DAY)
        await bench.queue(recovery(2))
        await until(lambda: bench.holds(f"{COUNT} = 'delivered'", [(2,)]))

    [_, (_, thanks)] = bench.mailbox.mails
    text = thanks.get_body(("plain",))
    assert text is not None
    assert "thank you" in text.get_content()


async def test_a_borrower_whose_loan_is_written_off_is_not_thanked_for_paying(
    settings: NotifierSettings, clock: ManualClock
) -> None:
    async with _bench(settings, clock, borrower_kinds=["raised", "cleared"]) as bench:
        await bench.know(READER)
        await bench.queue(change(1))
        await until(lambda: bench.holds(f"{COUNT} = 'delivered'", [(1,)]))
        clock.advance(DAY)
        await bench.queue(recovery(1).model_copy(update={"reason": "written_off"}))
        await until(lambda: bench.holds(NOTICES, [("suppressed", "conduct")]))

    assert len(bench.mailbox.mails) == 1


async def test_what_the_server_did_not_take_does_not_count_against_the_next_try(
    bench: Bench, clock: ManualClock
) -> None:
    await bench.know(READER)
    bench.mailbox.answers = ["451 later"]
    await bench.queue(change())
    await until(lambda: bench.holds("SELECT result FROM attempts", [("retry",)]))
    assert await bench.rows("SELECT FROM contact_touches") == []

    clock.advance(timedelta(minutes=1))
    await until(lambda: bench.holds(STATES, [("delivered",)]))
    assert len(bench.mailbox.mails) == 1


async def test_a_worker_that_died_while_sending_has_used_the_days_message_up(
    settings: NotifierSettings, connection: Connection, clock: ManualClock
) -> None:
    began = clock.now()
    async with connection.transaction() as inside:
        await contacts.put(inside, SEALER, READER, began)
        await take(inside, [taken(change(), "gentle", give_up_at=began + 9 * DAY)], began)
    guard = Guard(connection, SEALER, Metrics(CollectorRegistry()))
    claimed = await _claimed(connection, began)
    admitted = await guard.admit(claimed, {"gentle": _receiver(free_port())}, began)
    assert [each.recipient for each in admitted.claims] == [READER]

    clock.advance(2 * HOUR)
    async with _bench(settings, clock) as bench:
        await until(lambda: bench.holds(DUE, [(began + DAY, 1)]))
        assert bench.mailbox.mails == []


async def test_many_at_once_are_told_one_a_day(bench: Bench, clock: ManualClock) -> None:
    await bench.know(READER)
    for number in range(1, 6):
        await bench.queue(change(number))
    await until(lambda: bench.holds("SELECT count(*) FROM queue WHERE NOT claimed", [(4,)]))
    await until(lambda: bench.holds(f"{COUNT} = 'delivered'", [(1,)]))
    assert len(bench.mailbox.mails) == 1


async def test_two_replicas_together_let_one_message_pass(
    settings: NotifierSettings, connection: Connection, other: Connection, clock: ManualClock
) -> None:
    receiver = _receiver(free_port())
    now = clock.now()
    async with connection.transaction() as inside:
        await contacts.put(inside, SEALER, READER, now)
        await take(inside, [taken(change(each), "gentle", give_up_at=now + 9 * DAY) for each in range(8)], now)
    claims = [await _claimed(each, now) for each in (connection, other)]
    guards = [Guard(each, SEALER, Metrics(CollectorRegistry())) for each in (connection, other)]

    admitted = await asyncio.gather(
        *(guard.admit(mine, {"gentle": receiver}, now) for guard, mine in zip(guards, claims, strict=True))
    )

    assert [len(each) for each in claims] == [4, 4]
    assert sum(len(each.claims) for each in admitted) == 1


async def test_a_borrowers_number_reaches_the_gateway_and_neither_the_record_nor_the_log(
    settings: NotifierSettings, clock: ManualClock, sink: Sink
) -> None:
    phone = "+2348012345678"
    sink.answers["/sms"] = lambda _: web.Response(status=400, text=f"no such number: {phone}")
    receiver = discover()["sms"].settings.model_validate({
        "channel": "sms", "audience": "borrower", "conduct": "china", "url": sink.url("/sms"),
        "allow_networks": LOOPBACK, "body": {"to": "{{ phone }}", "text": "{{ text }}"},
        "borrower": {"template": "late", "lender": "Example Bank", "contact": "+1 202 555 0100"},
    })  # fmt: skip
    with capture_logs() as logs:
        async with _running(Bench(settings, receiver, Mailbox(), clock)) as bench:
            await bench.know(replace(READER, phone=phone, consents=frozenset({"sms"})))
            await bench.queue(change())
            await until(lambda: bench.holds(STATES, [("dead",)]))
            kept = [
                await bench.rows(f"SELECT t::text FROM {table} t")
                for table in ("deliveries", "attempts", "contacts", "contact_touches", "notices", "changes")
            ]

    assert phone in sink.received[0].body.decode()
    assert phone[1:] not in str(kept)
    assert phone[1:] not in str(logs)
    assert logs


async def _claimed(connection: Connection, now: datetime) -> list[Claim]:
    async with connection.statements() as inside:
        return await claim(inside, {"gentle": 4}, now, now + HOUR)
