"""A change as an e-mail: the same Message-ID in every attempt, and headers that no data can break out of."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from services.notifier.core.message import Message
from shared.warnings import Level

MAX_SUBJECT_CHARACTERS = 200
_LEVELS_ZH = {Level.BLUE: "蓝色", Level.YELLOW: "黄色", Level.ORANGE: "橙色", Level.RED: "红色"}

# Plain text: there is no HTML to escape. A variable that is not there is an error, never an empty word.
_templates = SandboxedEnvironment(
    loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"), undefined=StrictUndefined
)


def compose(message: Message, sender: Address, to: Sequence[Address], languages: Sequence[str]) -> EmailMessage:
    """The mail. Mails on one warning refer to it, so that readers show them as one conversation."""
    words = _words(message)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = tuple(to)
    mail["Subject"] = " / ".join(_subject(language, words) for language in languages)
    mail["Date"] = message.created_at
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    mail["References"] = f"<{message.change.warning_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    bodies = [_render(f"body.{language}.txt.j2", words).strip() for language in languages]
    mail.set_content("\n\n---\n\n".join(bodies) + "\n", cte="base64")
    return mail


def _subject(language: str, words: dict[str, Any]) -> str:
    """One line, whatever characters the data brought along."""
    rendered = _render(f"subject.{language}.txt.j2", words)
    printable = "".join(each if each.isprintable() else " " for each in rendered)
    return " ".join(printable.split())[:MAX_SUBJECT_CHARACTERS]


def _render(template: str, words: dict[str, Any]) -> str:
    return _templates.get_template(template).render(words)


def _words(message: Message) -> dict[str, Any]:
    change = message.change
    return {
        **change.model_dump(mode="json"),
        "at": change.at.isoformat(sep=" ", timespec="minutes"),
        "text_en": change.text.en,
        "text_zh": change.text.zh,
        "clears_when_en": change.clears_when.en if change.clears_when else None,
        "clears_when_zh": change.clears_when.zh if change.clears_when else None,
        "threshold": f"{change.band.threshold:g}" if change.band else None,
        "level_zh": _LEVELS_ZH[change.level] if change.level else None,
        "previous_level_zh": _LEVELS_ZH[change.previous_level] if change.previous_level else None,
    }
