"""A message as DingTalk's Markdown."""

from pathlib import Path

import msgspec

from services.notifier.channels.dingtalk.settings import DingTalkSettings
from services.notifier.channels.robots import escape, link
from services.notifier.channels.room import fitting, within_characters
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Wording
from services.notifier.core.message import Message

MAX_BYTES = 20_000
MAX_TITLE = 200
_BREAK = "  \n  "
"""What DingTalk takes for the end of a line."""

_telling = Telling(Wording(Path(__file__).parent, escape))


def body(message: Message, settings: DingTalkSettings) -> bytes:
    """The request's body. Its title is what a notification shows."""
    return fitting(lambda room: _body(message, settings, room), MAX_BYTES)


def _body(message: Message, settings: DingTalkSettings, room: int) -> bytes:
    languages, share = settings.languages, room // len(settings.languages)
    title = _telling.title(message, languages)
    title = within_characters(f"{settings.keyword} {title}" if settings.keyword else title, MAX_TITLE)
    texts = [_telling.text(message, each, share, name="markdown") for each in languages]
    if message.acknowledge_url is not None:
        texts.append(link(answer_for_it(*languages), message.acknowledge_url))
    text = "\n\n---\n\n".join(each.replace("\n", _BREAK) for each in (f"### {title}", *texts))
    return msgspec.json.encode({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
