"""What a change says to a person, and that no data can say more than that."""

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from services.notifier.channels.wording import Language, Wording, because, moment, number, one_line
from services.notifier.core.matching import Cause
from shared.warnings import Acknowledgement, Kind, Level, Measure, WarningChange
from tests.changes import change, recovery

WORDING = Wording(Path(__file__).parent)
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def _told(language: Language, **fields: object) -> str:
    return WORDING.render("body", change().model_copy(update=fields), language)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_change_has_words_in_both_languages(kind: Kind, language: Language) -> None:
    over = kind in (Kind.CLEARED, Kind.WITHDRAWN)
    told = change(kind=kind, level=None if over else Level.RED, previous_level=Level.YELLOW)

    title = WORDING.render("title", told, language)

    assert title.endswith("TEST-0001")
    assert not title.startswith((":", "："))
    assert "None" not in title + WORDING.render("body", told, language)


@pytest.mark.parametrize(
    ("kind", "level", "reason", "en", "zh"),
    [
        (Kind.CLEARED, None, "condition", "Cleared: ", "预警解除："),
        (Kind.CLEARED, None, "written_off", "Cleared (written off, not paid): ", "预警解除（已核销，并未偿还）："),
        (Kind.CLEARED, None, "rescheduled", "Cleared (loan rescheduled): ", "预警解除（还款计划已重新安排）："),
        (Kind.CLEARED, None, "brand_new", "Cleared (brand_new): ", "预警解除（brand_new）："),
        (Kind.EASED, Level.BLUE, "rescheduled", "Eased to blue from red (loan rescheduled): ",
         "预警降级为蓝色（原红色）（还款计划已重新安排）："),
    ],
)  # fmt: skip
def test_what_did_not_get_better_by_itself_says_why(
    kind: Kind, level: Level | None, reason: str, en: str, zh: str
) -> None:
    given = change(1, 1, kind=kind, level=level, previous_level=Level.RED).model_copy(update={"reason": reason})
    assert WORDING.render("title", given, "en").startswith(en)
    assert WORDING.render("title", given, "zh").startswith(zh)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("cause", sorted({*get_args(Cause)} - {"event", "time", "condition"}))
def test_every_cause_that_a_route_can_name_has_words_in_both_languages(cause: str, language: Language) -> None:
    words = because(recovery().model_copy(update={"reason": cause}), language)

    assert words
    assert words != cause


def test_a_moment_is_told_on_the_lenders_wall() -> None:
    assert moment(NOON, "Asia/Shanghai", "en") == "1 Jul 2026, 12:00 Asia/Shanghai"
    assert moment(NOON, "Asia/Shanghai", "zh") == "2026年7月1日 12:00 Asia/Shanghai"


@pytest.mark.parametrize("zone", ["Nowhere/At_All", "", "../../etc/passwd", "\x00"])
def test_in_an_unknown_zone_a_moment_is_told_in_utc(zone: str) -> None:
    assert moment(NOON, zone, "en") == "1 Jul 2026, 04:00 UTC"


@pytest.mark.parametrize(
    ("value", "written"),
    [(8, "8"), (7.0, "7"), (0.1 + 0.2, "0.3"), (0.00042, "0.00042"), (1234567.5, "1,234,567.5"), (-0.25, "-0.25")],
)
def test_a_number_is_told_without_a_computers_noise(value: float, written: str) -> None:
    assert number(value, "en") == written


def test_a_measure_that_could_not_be_taken_is_unknown() -> None:
    measure = Measure(name="days_past_due", value=None, unit="days")

    assert "days_past_due = unknown days" in _told("en", measure=measure)
    assert "days_past_due = 未知 days" in _told("zh", measure=measure)


def test_an_acknowledgement_says_who_and_what_they_wrote() -> None:
    acknowledgement = Acknowledgement(id=UUID(int=1), by="an officer", note="called them")

    assert "an officer answers for it: called them\n" in _told("en", acknowledgement=acknowledgement)
    assert "an officer 已确认：called them\n" in _told("zh", acknowledgement=acknowledgement)
    by_link = acknowledgement.model_copy(update={"link_of": "branch-kano"})
    assert "an officer answers for it (by the link sent to branch-kano): called" in _told("en", acknowledgement=by_link)
    assert "an officer 已确认（通过发给 branch-kano 的链接）：called them" in _told("zh", acknowledgement=by_link)


def test_a_variable_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "odd.en.j2").write_text("{{ borrower }}")

    with pytest.raises(UndefinedError):
        Wording(tmp_path).render("odd", change(), "en")


def test_every_value_is_escaped_and_no_template_is(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "odd.en.j2").write_text("*{{ borrower_id }}* {{ 'a*' if rule }}")
    told = change().model_copy(update={"borrower_id": "B*1"})

    assert Wording(tmp_path, lambda value: value.replace("*", "+")).render("odd", told, "en") == "*B+1* a+"


@given(st.text())
def test_a_value_is_one_printable_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert one_line(one_line(text)) == one_line(text)


@given(st.text(), st.text())
def test_no_data_adds_a_line_or_a_template(borrower_id: str, note: str) -> None:
    plain = _lines(change())
    told = change().model_copy(update={"borrower_id": "{{ 7 * 7 }}" + borrower_id, "rule": note})

    assert _lines(told) == plain
    assert "{{ 7 * 7 }}" in WORDING.render("body", told, "en")


def _lines(told: WarningChange) -> list[str]:
    return [line.partition(":")[0] for line in WORDING.render("body", told, "en").splitlines()]
