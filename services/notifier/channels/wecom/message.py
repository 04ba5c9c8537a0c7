"""A message as WeCom's Markdown, or as text. Its limits count bytes of UTF-8, three to a Chinese character."""

from pathlib import Path

import msgspec

from services.notifier.channels.robots import escape, link
from services.notifier.channels.room import within_bytes
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wecom.settings import WeComSettings
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Message

MAX_BYTES = {"markdown": 4_096, "text": 2_048}
_BETWEEN = "\n\n"

_telling = Telling(Wording(Path(__file__).parent, escape))


def body(message: Message, settings: WeComSettings) -> bytes:
    """The request's body. Each language has the same share of what WeCom takes and the link leaves."""
    kind, languages = settings.format, settings.languages
    links = _links(message, settings)
    taken = sum(len(f"{_BETWEEN}{each}".encode()) for each in links) + len(_BETWEEN) * (len(languages) - 1)
    share = (MAX_BYTES[kind] - taken) // len(languages)
    content = _BETWEEN.join([*(_text(message, each, kind, share) for each in languages), *links])
    return msgspec.json.encode({"msgtype": kind, kind: {"content": content}})


def _text(message: Message, language: Language, kind: str, share: int) -> str:
    title = within_bytes(_telling.title(message, (language,)), share)
    room = share - len(f"{title}\n".encode())
    if room <= 0:
        return title
    return f"{title}\n{_telling.text(message, language, room, name='markdown' if kind == 'markdown' else 'body')}"


def _links(message: Message, settings: WeComSettings) -> list[str]:
    """The link, unless it would take more than half of the room: the message matters more."""
    if message.acknowledge_url is None:
        return []
    words, url = answer_for_it(*settings.languages), message.acknowledge_url
    written = link(words, url) if settings.format == "markdown" else f"{words}: {url}"
    return [written] if 2 * len(written.encode()) <= MAX_BYTES[settings.format] else []
