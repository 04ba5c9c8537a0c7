"""A change as WeCom's Markdown, or as text. Its limits count bytes of UTF-8, three to a Chinese character."""

from pathlib import Path

import msgspec

from services.notifier.channels.robots import escape
from services.notifier.channels.room import within_bytes
from services.notifier.channels.wecom.settings import WeComSettings
from services.notifier.channels.wording import Wording
from services.notifier.core.message import Message

MAX_BYTES = {"markdown": 4_096, "text": 2_048}
_BETWEEN = "\n\n"

_wording = Wording(Path(__file__).parent, escape)


def body(message: Message, settings: WeComSettings) -> bytes:
    """The request's body. Each language has the same share of what WeCom takes."""
    kind, languages = settings.format, settings.languages
    share = (MAX_BYTES[kind] - len(_BETWEEN) * (len(languages) - 1)) // len(languages)
    words = "markdown" if kind == "markdown" else "body"
    content = _BETWEEN.join(
        within_bytes(
            f"{_wording.render('title', message.change, each)}\n{_wording.render(words, message.change, each)}", share
        )
        for each in languages
    )
    return msgspec.json.encode({"msgtype": kind, kind: {"content": content}})
