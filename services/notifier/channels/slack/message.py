"""A message as Slack's blocks: a heading, a section for each language, and one for the link."""

import re
from pathlib import Path
from typing import Any

import msgspec

from services.notifier.channels.room import within_characters
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Languages, Wording
from services.notifier.core.message import Message

MAX_HEADING, MAX_SECTION = 150, 3_000
"""Characters that Slack takes; a block with more makes it refuse the message."""
_HALF_AN_ENTITY = re.compile(r"&[a-z]{0,3}(?=…$)")
_NOT_IN_A_LINK = {ord("&"): "&amp;", ord("<"): "%3C", ord(">"): "%3E", ord("|"): "%7C"}


def escape(value: str) -> str:
    """The three characters that Slack gives a meaning to: with them data could link, or call everyone."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_telling = Telling(Wording(Path(__file__).parent, escape))
_heading = Telling(Wording(Path(__file__).parent))


def body(message: Message, languages: Languages) -> bytes:
    """The message. Its `text` is what a notification shows."""
    heading = within_characters(_heading.title(message, languages), MAX_HEADING)
    texts = [_telling.text(message, each, MAX_SECTION, name="slack", cut=_cut) for each in languages]
    if message.acknowledge_url is not None:
        # Not a button: Slack tells the app of a button's click, and warns whoever clicked where the app has no answer.
        texts.append(f"<{message.acknowledge_url.translate(_NOT_IN_A_LINK)}|{answer_for_it(*languages)}>")
    return msgspec.json.encode({
        "text": _cut(_telling.title(message, languages), MAX_SECTION),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": heading}},
            *(_section(each) for each in texts),
        ],
    })  # fmt: skip


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "verbatim": True, "text": text}}


def _cut(text: str, most: int) -> str:
    return _HALF_AN_ENTITY.sub("", within_characters(text, most))
