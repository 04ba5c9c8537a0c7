"""A change as a Feishu post: lines of plain text in each language, of which a reader is shown their own."""

from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.feishu.settings import FeishuSettings
from services.notifier.channels.room import fitting, within_bytes, within_characters
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Message
from shared.warnings import WarningChange

MAX_BYTES = 20_000
"""Feishu takes a request of 20 KB."""
MAX_TITLE = 200
_LOCALES: dict[Language, str] = {"en": "en_us", "zh": "zh_cn"}

# A post's text nodes have no markup, so there is nothing to escape.
_wording = Wording(Path(__file__).parent)


def body(message: Message, settings: FeishuSettings, signed: dict[str, str]) -> bytes:
    """The request's body, with what signs it."""
    return fitting(lambda room: msgspec.json.encode({**signed, **_content(message.change, settings, room)}), MAX_BYTES)


def _content(change: WarningChange, settings: FeishuSettings, room: int) -> dict[str, Any]:
    share = room // len(settings.languages)
    post = {_LOCALES[language]: _post(change, language, settings.keyword, share) for language in settings.languages}
    return {"msg_type": "post", "content": {"post": post}}


def _post(change: WarningChange, language: Language, keyword: str | None, room: int) -> dict[str, Any]:
    title = _wording.render("title", change, language)
    lines = within_bytes(_wording.render("body", change, language), room).splitlines()
    return {
        "title": within_characters(f"{keyword} {title}" if keyword else title, MAX_TITLE),
        "content": [[{"tag": "text", "text": line}] for line in lines],
    }
