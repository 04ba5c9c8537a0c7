"""A change as Slack's blocks: a heading, and a section for each language."""

import re
from pathlib import Path

import msgspec

from services.notifier.channels.room import within_characters
from services.notifier.channels.wording import Languages, Wording
from services.notifier.core.message import Message

MAX_HEADING, MAX_SECTION = 150, 3_000
"""Characters that Slack takes; a block with more makes it refuse the message."""
_HALF_AN_ENTITY = re.compile(r"&[a-z]{0,3}(?=…$)")


def escape(value: str) -> str:
    """The three characters that Slack gives a meaning to: with them data could link, or call everyone."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_wording = Wording(Path(__file__).parent, escape)
_heading = Wording(Path(__file__).parent)


def body(message: Message, languages: Languages) -> bytes:
    """The message. Its `text` is what a notification shows."""
    change = message.change
    return msgspec.json.encode({
        "text": _section(_wording.all("title", change, languages, " / ")),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": within_characters(
                _heading.all("title", change, languages, " / "), MAX_HEADING
            )}},
            *(
                {"type": "section", "text": {"type": "mrkdwn", "verbatim": True, "text": _section(
                    _wording.render("slack", change, language)
                )}}
                for language in languages
            ),
        ],
    })  # fmt: skip


def _section(text: str) -> str:
    return _HALF_AN_ENTITY.sub("", within_characters(text, MAX_SECTION))
