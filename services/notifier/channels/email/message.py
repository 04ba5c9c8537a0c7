"""A message as an e-mail: the same Message-ID in every attempt, and headers that no data can break out of."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

from services.notifier.channels.borrowers import BorrowerWords, for_borrower, titled_for_borrower
from services.notifier.channels.room import within_characters
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Languages, Wording
from services.notifier.core.message import Message, Purpose

MAX_SUBJECT_CHARACTERS = 200
_MOST_BYTES = 50_000
_BETWEEN = "\n\n---\n\n"

_wording = Wording(Path(__file__).parent)
_telling = Telling(_wording)


def compose(message: Message, sender: Address, to: Sequence[Address], languages: Languages) -> EmailMessage:
    """The mail to staff or a system's mailbox."""
    mail = _mail(message, sender, to, _telling.title(message, languages))
    text = _BETWEEN.join(_telling.text(message, each, _MOST_BYTES) for each in languages) + "\n"
    if message.acknowledge_url is None:
        mail.set_content(text, cte="base64")
        return mail
    words = answer_for_it(*languages)
    mail.set_content(f"{text}\n{words}: {message.acknowledge_url}\n", cte="base64")
    mail.add_alternative(_html(text, words, message.acknowledge_url), subtype="html", cte="base64")
    return mail


def compose_to_borrower(message: Message, sender: Address, to: Address, words: BorrowerWords) -> EmailMessage:
    """The mail to the borrower that the message names, in the language the borrower reads."""
    assert message.recipient is not None, "a mail to a borrower has a recipient"
    language = message.recipient.language
    mail = _mail(message, sender, [to], titled_for_borrower(_wording, words, language))
    mail.set_content(for_borrower(_wording, words, message, language) + "\n", cte="base64")
    return mail


def _mail(message: Message, sender: Address, to: Sequence[Address], subject: str) -> EmailMessage:
    """The headers. Mails on one warning refer to it, so that readers show them as one conversation."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = tuple(to)
    mail["Subject"] = within_characters(subject, MAX_SUBJECT_CHARACTERS)
    mail["Date"] = message.created_at
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    if message.purpose is not Purpose.HEARTBEAT:
        mail["References"] = f"<{message.change.warning_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def _html(text: str, words: str, url: str) -> str:
    """The same text, and the link as one that can be clicked."""
    link = f'<p><a href="{escape(url)}">{escape(words)}</a></p>'
    return f'<html><body><p style="white-space: pre-wrap">{escape(text)}</p>{link}</body></html>\n'
