"""E-mail against a real SMTP server: what arrives, and what each answer means."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from deploy.local.ports import free_port
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.settings import EmailSettings
from services.notifier.core.contact import Contact
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Delivered, Refused, Retry
from tests.changes import change

ID = UUID(int=7)
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Mailboxes:
    """Takes mail. `refused` and `data_answer` say what it answers instead."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.data_answer = "250 OK"
        self.mails: list[tuple[list[str], EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            mail = email.message_from_bytes(content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append((list(envelope.rcpt_tos), mail))
        return self.data_answer


@asynccontextmanager
async def _server(handler: Mailboxes, **options: Any) -> AsyncIterator[int]:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield int(controller.port)
    finally:
        controller.stop()


def _channel(port: int, **settings: Any) -> Email:
    written = {
        "channel": "email",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "from": "Bellwether <bellwether@lender.example>",
        "to": ["risk@lender.example", "Officers <officers@lender.example>"],
        "timeout": "5s",
        **settings,
    }
    return Email(EmailSettings.model_validate(written))


def _message(**fields: Any) -> Message:
    told = change().model_copy(update=fields)
    return Message(ID, told, told.model_dump_json().encode(), created_at=NOW, sent_at=NOW)


async def test_a_mail_arrives_in_both_languages_with_the_same_id_in_every_attempt() -> None:
    mailboxes = Mailboxes()
    async with _server(mailboxes) as port:
        for _ in range(2):
            assert isinstance(await _channel(port).send(_message()), Delivered)

    (recipients, mail), (_, again) = mailboxes.mails
    assert recipients == ["risk@lender.example", "officers@lender.example"]
    assert mail["Message-ID"] == again["Message-ID"] == f"<{ID}@lender.example>"
    assert (
        mail["Subject"]
        == "YELLOW warning: missed_payment, borrower TEST-0001 / 黄色预警：missed_payment，借款人 TEST-0001"
    )
    body = mail.get_content()
    assert "This is a test message: no borrower is late." in body
    assert "这是一条测试消息，并无借款人逾期。" in body


async def test_data_cannot_add_a_header_or_a_recipient() -> None:
    mailboxes = Mailboxes()
    nasty = "B-1\r\nBcc: thief@evil.example\r\n\r\nRCPT TO:<thief@evil.example>\r\n.\r\n"
    async with _server(mailboxes) as port:
        verdict = await _channel(port).send(_message(borrower_id=nasty))

    assert isinstance(verdict, Delivered)
    [(recipients, mail)] = mailboxes.mails
    assert "thief@evil.example" not in recipients
    assert mail["Bcc"] is None
    assert {name.lower() for name in mail} >= {"from", "to", "subject", "message-id", "auto-submitted"}
    assert "\n" not in mail["Subject"]


@pytest.mark.parametrize(
    ("risk", "officers", "data", "expected"),
    [
        ("250 OK", "250 OK", "451 try later", Retry),
        ("250 OK", "250 OK", "554 no", Refused),
        ("450 busy", "250 OK", "250 OK", Retry),
        ("550 unknown", "250 OK", "250 OK", Delivered),
        ("550 unknown", "550 unknown", "250 OK", Refused),
        ("550 unknown", "450 busy", "250 OK", Retry),
    ],
)
async def test_a_server_that_says_later_is_tried_again_and_one_that_says_no_is_not(
    risk: str, officers: str, data: str, expected: type
) -> None:
    mailboxes = Mailboxes()
    mailboxes.data_answer = data
    answers = {"risk@lender.example": risk, "officers@lender.example": officers}
    mailboxes.refused = {who: answer for who, answer in answers.items() if answer != "250 OK"}
    async with _server(mailboxes) as port:
        assert isinstance(await _channel(port).send(_message()), expected)


async def test_the_next_attempt_is_for_those_who_did_not_get_it() -> None:
    mailboxes = Mailboxes()
    mailboxes.refused["risk@lender.example"] = "450 busy"
    async with _server(mailboxes) as port:
        channel = _channel(port)
        first = await channel.send(_message())
        mailboxes.refused.clear()
        second = await channel.send(_message())

    assert isinstance(first, Retry)
    assert "risk@lender.example: SMTP 450 busy" in first.why
    assert isinstance(second, Delivered)
    assert [recipients for recipients, _ in mailboxes.mails] == [["officers@lender.example"], ["risk@lender.example"]]


async def test_a_recipient_refused_for_good_is_named_in_the_answer() -> None:
    mailboxes = Mailboxes()
    mailboxes.refused["risk@lender.example"] = "550 unknown"
    async with _server(mailboxes) as port:
        verdict = await _channel(port).send(_message())

    assert isinstance(verdict, Delivered)
    assert "risk@lender.example: SMTP 550 unknown" in verdict.answer.body


async def test_a_server_that_is_away_is_tried_again(free_port: int) -> None:
    verdict = await _channel(free_port).send(_message())

    assert isinstance(verdict, Retry)
    assert verdict.why.startswith("no connection to 127.0.0.1")


async def test_a_wrong_password_says_nothing_against_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    monkeypatch.setenv("SMTP_PASSWORD", "wrong")
    settings = {"username": "bellwether", "password": {"secret_env": "SMTP_PASSWORD"}, "tls": "starttls"}
    async with _server(Mailboxes(), authenticator=nobody, auth_require_tls=False) as port:
        channel = _channel(port, **settings)
        object.__setattr__(channel._settings, "tls", "none")  # the test's server has no certificate
        verdict = await channel.send(_message())

    assert isinstance(verdict, Retry)
    assert verdict.answer.code == 535


async def test_a_server_without_starttls_gets_no_mail() -> None:
    mailboxes = Mailboxes()
    async with _server(mailboxes) as port:
        verdict = await _channel(port, tls="starttls").send(_message())

    assert isinstance(verdict, Retry)
    assert mailboxes.mails == []


async def _mail(channel: Callable[[int], Email], message: Message) -> EmailMessage:
    mailboxes = Mailboxes()
    async with _server(mailboxes) as port:
        assert isinstance(await channel(port).send(message), Delivered)
    [(_, mail)] = mailboxes.mails
    return mail


def _text(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content()).replace("\r\n", "\n")


async def test_a_group_says_how_many_and_lists_them() -> None:
    others = tuple(change(number) for number in range(2, 21))
    told = replace(_message(), purpose=Purpose.DIGEST, others=others, total=20, common={"branch": "Kano"})
    mail = await _mail(_channel, told)

    assert mail["Subject"] == "Digest: 20 warnings (20 yellow): branch Kano / 汇总：20条预警（黄色20条）：网点 Kano"
    english, chinese = _text(mail).split("\n---\n")
    assert (english.count("•"), chinese.count("•")) == (10, 10)
    assert english.rstrip().endswith("and 10 more")


async def test_the_link_can_be_clicked_and_read() -> None:
    url = "https://b.example/a?w=1&t=2"
    mail = await _mail(_channel, replace(_message(borrower_id="<b>B</b>"), acknowledge_url=url))
    html = mail.get_body(("html",))

    assert html is not None
    assert f"I answer for it / 我来处理: {url}\n" in _text(mail)
    assert '<a href="https://b.example/a?w=1&amp;t=2">I answer for it / 我来处理</a>' in html.get_content()
    assert "&lt;b&gt;B&lt;/b&gt;" in html.get_content()


async def test_a_mail_without_a_link_is_plain_text() -> None:
    assert (await _mail(_channel, _message())).get_content_type() == "text/plain"


async def test_a_late_mail_says_as_of_when_it_speaks() -> None:
    mail = await _mail(_channel, replace(_message(), sent_at=NOW + timedelta(hours=5)))

    assert _text(mail).startswith("As of 1 Mar 2026, 09:30 UTC: this message was written 5 hours ago.")
    assert mail["Date"].datetime == NOW


def _to_borrowers(port: int) -> Email:
    words = {"template": "upcoming", "lender": "Example Bank", "contact": "help@lender.example"}
    return _channel(port, audience="borrower", to=[], borrower=words)


async def test_a_borrower_is_written_to_in_their_language_and_told_nothing_of_levels() -> None:
    recipient = Contact("TEST-0001", "zh", "Asia/Shanghai", email="borrower@mail.example")
    mail = await _mail(_to_borrowers, replace(_message(), recipient=recipient))

    assert (mail["To"], mail["Subject"]) == ("borrower@mail.example", "来自Example Bank的消息")
    assert _text(mail).startswith("【Example Bank】温馨提示：您有一笔款项即将到期。")
    assert "missed_payment" not in mail.as_string() + _text(mail)


async def test_what_is_kept_of_a_refusal_does_not_show_the_borrowers_address() -> None:
    recipient = Contact("TEST-0001", "en", "UTC", email="borrower@mail.example")
    mailboxes = Mailboxes()
    mailboxes.refused["borrower@mail.example"] = "550 <borrower@mail.example> unknown"
    async with _server(mailboxes) as port:
        verdict = await _to_borrowers(port).send(replace(_message(), recipient=recipient))

    assert isinstance(verdict, Refused)
    assert "unknown" in verdict.why
    assert "borrower@mail.example" not in str(verdict)


async def test_a_server_that_leaves_without_goodbye_has_the_mail_all_the_same() -> None:
    class Rude(Mailboxes):
        async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "221 Bye"

    mailboxes = Rude()
    async with _server(mailboxes) as port:
        verdict = await _channel(port).send(_message())

    assert isinstance(verdict, Delivered)
    assert len(mailboxes.mails) == 1


@pytest.mark.parametrize("address", [None, "", "no address", "a@b.example, c@d.example"])
async def test_a_borrower_without_an_address_is_refused_and_nobody_is_written_to(address: str | None) -> None:
    recipient = Contact("TEST-0001", "en", "UTC", email=address)
    mailboxes = Mailboxes()
    async with _server(mailboxes) as port:
        verdict = await _to_borrowers(port).send(replace(_message(), recipient=recipient))

    assert isinstance(verdict, Refused)
    assert mailboxes.mails == []
