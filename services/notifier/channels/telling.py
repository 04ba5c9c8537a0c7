"""What a message says to a person: one change or several, why it comes now, and how to answer for it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.notifier.channels.room import within_bytes
from services.notifier.channels.wording import LONGEST_NAME, Language, Wording, level_word, moment
from services.notifier.core.message import Message, Purpose
from shared.warnings import Level, WarningChange

MOST_LISTED = 10
"""Warnings of several that have a line each; of the others it is said how many there are."""
Cut = Callable[[str, int], str]
_ANSWER_FOR_IT: dict[Language, str] = {"en": "I answer for it", "zh": "我来处理"}
_OVER: dict[Language, str] = {"en": "over", "zh": "已结束"}
_LABELS_ZH = {
    "borrower": "借款人", "loan": "贷款", "rule": "规则", "family": "类别", "segment": "客群", "product": "产品",
    "region": "地区", "branch": "网点", "lender_unit": "机构", "relationship_manager": "客户经理", "group": "集团",
}  # fmt: skip


class Telling:
    """The words of one channel. A single change that is told in time is all that its template says of it."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def title(self, message: Message, languages: tuple[Language, ...]) -> str:
        """One line, in each of the languages."""
        return " / ".join(
            self._wording.render("heading", message.change, each, **_words(message, each)) for each in languages
        )

    def text(
        self, message: Message, language: Language, most: int, *, name: str = "body", cut: Cut = within_bytes
    ) -> str:
        """All the rest but the link, by template `name` for a change. Of several fewer are listed until they fit."""
        text = ""
        for listed in range(MOST_LISTED if message.total > 1 else 1, 0, -1):
            text = self._text(message, language, name, listed)
            if cut(text, most) == text:
                break
        return cut(text, most)

    def brief(self, message: Message, language: Language) -> str:
        """A few words for small screens: the title, how late it is, and what a single change says."""
        said = [self.title(message, (language,))]
        if message.is_late:
            said.append(self._wording.fill("delay", language, **_words(message, language)))
        if message.total == 1 and message.purpose is not Purpose.HEARTBEAT:
            said.append(self._wording.render("brief", message.change, language))
        return "\n".join(said)

    def _text(self, message: Message, language: Language, name: str, listed: int) -> str:
        words = _words(message, language)
        if message.purpose is Purpose.HEARTBEAT:
            return self._wording.fill("heartbeat", language, **words)
        said = [self._wording.fill("reason", language, **words)]
        if message.total == 1:
            said.append(self._wording.render(name, message.change, language))
        else:
            said += self._several(message, language, listed, words)
        return "\n".join(each for each in said if each)

    def _several(self, message: Message, language: Language, listed: int, words: dict[str, Any]) -> list[str]:
        told = message.changes[:listed]
        return [
            self._wording.fill("several", language, **words),
            *(self._wording.render("line", each, language) for each in told),
            self._wording.fill("more", language, more=message.total - len(told)),
        ]


def alone(message: Message, change: WarningChange) -> Message:
    """One of several as a message of its own. The link is for the warning that leads."""
    if message.total == 1:
        return message
    url = message.acknowledge_url if change is message.change else None
    return replace(message, change=change, others=(), total=1, common={}, acknowledge_url=url)


def answer_for_it(*languages: Language) -> str:
    """What the link in a message says."""
    return " / ".join(_ANSWER_FOR_IT[each] for each in languages)


def _words(message: Message, language: Language) -> dict[str, Any]:
    """What templates may speak of besides the change that leads."""
    return {
        "purpose": message.purpose.value,
        "total": message.total,
        "held": len(message.changes),
        "counts": _counts(message, language),
        "common": _common(message, language),
        "written_at": moment(message.created_at, message.change.time_zone, language),
        "hours_late": int((message.sent_at - message.created_at).total_seconds() // 3600) if message.is_late else None,
    }


def _counts(message: Message, language: Language) -> str:
    """How many there are of each level, the most serious first, and how many have ended."""
    levels = Counter(each.level for each in message.changes)
    named = [(level_word(level, language), levels[level]) for level in reversed(Level)]
    found = [(word, number) for word, number in (*named, (_OVER[language], levels[None])) if number]
    if language == "zh":
        return "，".join(f"{word}{number}条" for word, number in found)
    return ", ".join(f"{number} {word}" for word, number in found)


def _common(message: Message, language: Language) -> str:
    names = _LABELS_ZH if language == "zh" else {}
    return ", ".join(
        f"{names.get(label, label.replace('_', ' '))} {value[:LONGEST_NAME]}" for label, value in message.common.items()
    )
