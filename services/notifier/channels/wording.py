"""What a message says to a person: a change in the words of one language, and templates that escape what is put in."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime
from babel.numbers import format_decimal
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import Field

from shared.warnings import Kind, Level, WarningChange

Language = Literal["en", "zh"]
Languages = Annotated[
    tuple[Language, ...], Field(min_length=1, max_length=2, description="One after the other in each message")
]
LONGEST_TEXT = 1_000
"""Characters of a text or a note, LONGEST_NAME those of any other value: what leads a message is never all of it."""
LONGEST_NAME = 200

_SHARED = Path(__file__).with_name("templates")
_LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
_MOMENTS = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}
_LEVELS = {
    "en": {level: level.value for level in Level},
    "zh": {Level.BLUE: "蓝色", Level.YELLOW: "黄色", Level.ORANGE: "橙色", Level.RED: "红色"},
}
_REASONS = {
    "en": {
        "corrected": "data corrected",
        "loan_forgotten": "nothing heard of the loan for long",
        "rescheduled": "loan rescheduled",
        "rule_retired": "rule retired",
        "written_off": "written off, not paid",
    },
    "zh": {
        "corrected": "数据已更正",
        "loan_forgotten": "该笔贷款久无消息",
        "rescheduled": "还款计划已重新安排",
        "rule_retired": "规则已停用",
        "written_off": "已核销，并未偿还",
    },
}


def plain(value: str) -> str:
    """For formats without markup."""
    return value


class Wording:
    """A channel's templates, `NAME.LANGUAGE.j2` in its folder, or among those that all channels share.

    Every value is put on one line and escaped as it is put in, so that no template can forget to. A variable that is
    not there is an error, never an empty word.
    """

    def __init__(self, channel: Path, escape: Callable[[str], str] = plain) -> None:
        self._templates = SandboxedEnvironment(
            loader=FileSystemLoader([channel / "templates", _SHARED], encoding="utf-8"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=lambda value: escape(one_line(str(value))),
        )

    def render(self, name: str, change: WarningChange, language: Language, **more: Any) -> str:
        """The change, told by one template, which may speak of `more` besides."""
        return self.fill(name, language, **words(change, language), **more)

    def fill(self, name: str, language: Language, **values: Any) -> str:
        """One template with these values in it."""
        return self._templates.get_template(f"{name}.{language}.j2").render(values).strip()


def words(change: WarningChange, language: Language) -> dict[str, Any]:
    """What a template may speak of. Nothing in it is None but what a change may go without."""
    measure, acknowledgement = change.measure, change.acknowledgement
    clears_when = getattr(change.clears_when, language, None)
    return {
        "kind": change.kind.value,
        "because": because(change, language),
        "text": getattr(change.text, language)[:LONGEST_TEXT],
        "borrower_id": change.borrower_id[:LONGEST_NAME],
        "loan_id": change.loan_id[:LONGEST_NAME] if change.loan_id else None,
        "level": level_word(change.level, language),
        "previous_level": level_word(change.previous_level, language),
        "rule": change.rule[:LONGEST_NAME],
        "family": change.family[:LONGEST_NAME],
        "measure": measure.name[:LONGEST_NAME],
        "value": None if measure.value is None else number(measure.value, language),
        "unit": measure.unit[:LONGEST_NAME],
        "threshold": number(change.band.threshold, language) if change.band else None,
        "above": change.band is not None and change.band.direction == "above",
        "at": moment(change.at, change.time_zone, language),
        "clears_when": clears_when[:LONGEST_TEXT] if clears_when else None,
        "warning_id": str(change.warning_id),
        "by": acknowledgement.by[:LONGEST_NAME] if acknowledgement else None,
        "link_of": acknowledgement.link_of[:LONGEST_NAME] if acknowledgement and acknowledgement.link_of else None,
        "note": acknowledgement.note[:LONGEST_TEXT] if acknowledgement and acknowledgement.note else None,
    }


def because(change: WarningChange, language: Language) -> str | None:
    """Why it got better, where that is not the usual: a reason without words of its own is shown as it is."""
    if change.reason in (None, "condition") or change.kind not in (Kind.EASED, Kind.CLEARED):
        return None
    return _REASONS[language].get(change.reason, change.reason[:LONGEST_NAME])


def level_word(level: Level | None, language: Language) -> str | None:
    """A level's name."""
    return _LEVELS[language][level] if level else None


def number(value: float, language: Language) -> str:
    """A number as the language writes it: 12 digits, which is all that is not the computer's own noise."""
    digits = Decimal(f"{value:.12g}")
    return str(format_decimal(digits, locale=_LOCALES[language], decimal_quantization=False))


def moment(at: datetime, time_zone: str, language: Language) -> str:
    """A moment on the lender's wall, and which wall that is; UTC where this machine does not know the zone."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return f"{format_datetime(at, _MOMENTS[language], tzinfo=zone, locale=_LOCALES[language])} {zone.key}"


def one_line(text: str) -> str:
    """Printable characters only, on one line, whatever the data brought along: a value cannot pose as another line."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
