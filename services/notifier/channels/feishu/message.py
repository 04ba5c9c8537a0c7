"""A message as a Feishu post: lines of plain text in each language, of which a reader is shown their own."""

from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.feishu.settings import FeishuSettings
from services.notifier.channels.room import fitting, within_characters
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Message

MAX_BYTES = 20_000
"""Feishu takes a request of 20 KB."""
MAX_TITLE = 200
_LOCALES: dict[Language, str] = {"en": "en_us", "zh": "zh_cn"}

# A post's text nodes have no markup, so there is nothing to escape.
_telling = Telling(Wording(Path(__file__).parent))


def body(message: Message, settings: FeishuSettings, signed: dict[str, str]) -> bytes:
    """The request's body, with what signs it."""
    return fitting(lambda room: msgspec.json.encode({**signed, **_content(message, settings, room)}), MAX_BYTES)


def _content(message: Message, settings: FeishuSettings, room: int) -> dict[str, Any]:
    share = room // len(settings.languages)
    post = {_LOCALES[language]: _post(message, language, settings.keyword, share) for language in settings.languages}
    return {"msg_type": "post", "content": {"post": post}}


def _post(message: Message, language: Language, keyword: str | None, room: int) -> dict[str, Any]:
    title = _telling.title(message, (language,))
    lines = [[{"tag": "text", "text": line}] for line in _telling.text(message, language, room).splitlines()]
    if message.acknowledge_url is not None:
        lines.append([{"tag": "a", "text": answer_for_it(language), "href": message.acknowledge_url}])
    return {"title": within_characters(f"{keyword} {title}" if keyword else title, MAX_TITLE), "content": lines}
