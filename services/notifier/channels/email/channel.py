"""Sends a change by SMTP, one connection a mail, and reads the verdict on each recipient."""

import ssl
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from uuid import UUID

import aiosmtplib

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.email.message import compose, compose_to_borrower
from services.notifier.channels.email.settings import EmailSettings, mailbox
from services.notifier.core.message import Message
from services.notifier.core.verdict import Answer, Delivered, Refused, Retry, Verdict, redacted, shown

PERMANENT = 500
REMEMBERED_MAILS = 10_000
NOBODY = "expected a recipient with an e-mail address: this receiver writes to borrowers"


class Email:
    """One receiver's mailboxes behind one mail server.

    Where only some recipients are taken for now, the next attempt is for the others. That memory is this process's:
    after a restart a mail may come twice, with the same Message-ID.
    """

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._sender = mailbox(settings.sender)
        self._to = list({each.addr_spec: each for each in map(mailbox, settings.to)}.values())
        self._settled: OrderedDict[UUID, dict[str, bool]] = OrderedDict()

    async def send(self, message: Message) -> Verdict:
        to = self._recipients(message)
        if not to:
            return Refused(NOBODY)
        verdict = await self._send(message, to)
        return redacted(verdict, to[0].addr_spec) if self._settings.borrower is not None else verdict

    async def _send(self, message: Message, to: Sequence[Address]) -> Verdict:
        mail, settled = self._compose(message, to), self._settled.get(message.id, {})
        left = [each.addr_spec for each in to if each.addr_spec not in settled]
        client = self._client()
        try:
            await self._connect(client)
        except (aiosmtplib.SMTPException, OSError) as error:
            # What the server says before it has heard of the message says nothing against the message.
            client.close()
            return Retry(f"no connection to {self._settings.host}: {_words(error)}", answer=_answer(error), unsent=True)
        try:
            refusals, said = await client.send_message(mail, sender=self._sender.addr_spec, recipients=left)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()  # the server has the mail: how it says goodbye changes nothing
        except aiosmtplib.SMTPRecipientsRefused as error:
            refusals = {each.recipient: aiosmtplib.SMTPResponse(each.code, each.message) for each in error.recipients}
            return self._judge(message.id, left, to, refusals, None)
        except aiosmtplib.SMTPResponseException as error:
            refused = error.code >= PERMANENT
            return (Refused if refused else Retry)(f"SMTP {error.code}: {shown(error.message)}", answer=_answer(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            return Retry(f"the conversation broke: {_words(error)}")
        finally:
            client.close()
        return self._judge(message.id, left, to, refusals, said)

    def preview(self, message: Message) -> str:
        to = self._recipients(message)
        if not to:
            return NOBODY
        mail = self._compose(message, to)
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
        text = mail.get_body(("plain",))
        assert text is not None, "every mail has its text"
        return f"{headers}\n\n{text.get_content()}".replace("\r\n", "\n")

    async def close(self) -> None:
        """Every mail has had a connection of its own."""

    def _recipients(self, message: Message) -> Sequence[Address]:
        """Those in the settings, or the borrower that the message names; nobody where it names none with an address."""
        if self._settings.borrower is None:
            return self._to
        address = message.recipient.email if message.recipient is not None else None
        try:
            return [mailbox(address)] if address is not None else []
        except ValueError:
            return []

    def _compose(self, message: Message, to: Sequence[Address]) -> EmailMessage:
        if self._settings.borrower is not None:
            return compose_to_borrower(message, self._sender, to[0], self._settings.borrower)
        return compose(message, self._sender, to, self._settings.languages)

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            timeout=settings.timeout.total_seconds(),
            tls_context=ssl.create_default_context(cafile=settings.ca_file) if settings.tls != "none" else None,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        settings = self._settings
        if settings.username is not None and settings.password is not None:
            await client.login(settings.username, settings.password.get_secret_value())

    def _judge(
        self,
        mail: UUID,
        asked: list[str],
        to: Sequence[Address],
        refusals: Mapping[str, aiosmtplib.SMTPResponse],
        said: str | None,
    ) -> Verdict:
        """Of one message to many: again while one may take it later, refused if by all for good, else delivered."""
        told = "; ".join(f"{who}: SMTP {each.code} {shown(each.message)}" for who, each in refusals.items())
        settled = self._settled.pop(mail, {})
        for who in asked:
            if who not in refusals or refusals[who].code >= PERMANENT:
                settled[who] = who not in refusals
        if len(settled) < len(to):
            self._remember(mail, settled)
            return Retry(told, unsent=said is None)
        if not any(settled.values()):
            return Refused(told)
        return Delivered(Answer(250, shown("; ".join(each for each in (said, told) if each))))

    def _remember(self, mail: UUID, settled: dict[str, bool]) -> None:
        self._settled[mail] = settled
        while len(self._settled) > REMEMBERED_MAILS:
            self._settled.popitem(last=False)


def _words(error: Exception) -> str:
    return shown(f"{type(error).__name__}: {error}")


def _answer(error: Exception) -> Answer:
    return Answer(error.code, shown(error.message)) if isinstance(error, aiosmtplib.SMTPResponseException) else Answer()


CHANNEL = ChannelType(EmailSettings, Email)
