"""What a message says beyond a single change: several, why it comes now, and how late it is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.room import within_bytes
from services.notifier.channels.telling import MOST_LISTED, Telling, answer_for_it
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Purpose
from shared.warnings import Level
from tests.changes import change, recovery
from tests.channels import message, several

WORDING = Wording(Path(__file__).parent)
TELLING = Telling(WORDING)
ROOM = 100_000
GROUP = several(change(2, level=Level.RED), change(3), recovery(4), common={"relationship_manager": "RM-7"})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_single_change_told_in_time_is_what_its_template_says_and_no_more(language: Language) -> None:
    told = message()

    assert TELLING.title(told, (language,)) == WORDING.render("title", told.change, language)
    assert TELLING.text(told, language, ROOM) == WORDING.render("body", told.change, language)


def test_a_group_says_how_many_what_they_share_and_a_line_for_each() -> None:
    assert TELLING.title(GROUP, ("en",)) == "4 warnings (1 red, 2 yellow, 1 over): relationship manager RM-7"
    assert TELLING.text(GROUP, "en", ROOM).splitlines() == [
        "4 warnings: relationship manager RM-7",
        "1 red, 2 yellow, 1 over",
        "• YELLOW warning: missed_payment, borrower TEST-0001, days_past_due = 8 days",
        "• RED warning: missed_payment, borrower TEST-0001, days_past_due = 8 days",
        "• YELLOW warning: missed_payment, borrower TEST-0001, days_past_due = 8 days",
        "• Cleared: missed_payment, borrower TEST-0001, days_past_due = 8 days",
    ]


def test_a_group_is_told_in_chinese() -> None:
    assert TELLING.title(GROUP, ("zh",)) == "4条预警（红色1条，黄色2条，已结束1条）：客户经理 RM-7"
    assert TELLING.text(GROUP, "zh", ROOM).splitlines()[1:3] == [
        "红色1条，黄色2条，已结束1条",
        "• 黄色预警：missed_payment，借款人 TEST-0001，days_past_due = 8 days",
    ]


def test_what_a_message_does_not_hold_is_counted_and_not_made_up() -> None:
    told = several(*(change(number) for number in range(2, 14)), purpose=Purpose.STORM, total=240)
    lines = TELLING.text(told, "en", ROOM).splitlines()

    assert TELLING.title(told, ("en", "zh")) == "Flood: 240 warnings / 预警激增：240条预警"
    assert lines[2] == "Of 13 of them: 13 yellow"
    assert len([each for each in lines if each.startswith("•")]) == MOST_LISTED
    assert lines[-1] == "and 230 more"


@settings(max_examples=30)
@given(st.integers(300, 2_000))
def test_with_less_room_fewer_are_listed_and_the_rest_is_still_counted(most: int) -> None:
    told = several(*(change(number) for number in range(2, 14)))
    text = TELLING.text(told, "en", most, cut=within_bytes)
    listed = text.count("•")

    assert len(text.encode()) <= most
    assert text.endswith(f"and {13 - listed} more")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_has_words_in_both_languages(purpose: Purpose, language: Language) -> None:
    for told in (replace(message(), purpose=purpose), replace(GROUP, purpose=purpose)):
        title, text = TELLING.title(told, (language,)), TELLING.text(told, language, ROOM)
        assert "\n" not in title
        assert title
        assert "None" not in title + text


def test_whoever_is_told_again_or_instead_learns_why() -> None:
    def first(purpose: Purpose) -> str:
        return TELLING.text(replace(message(), purpose=purpose), "en", ROOM).splitlines()[0]

    assert first(Purpose.REPEAT) == "Told before, still open, and nobody has acknowledged it."
    assert first(Purpose.ESCALATION) == "Those who were told first have not acknowledged it."
    assert first(Purpose.FALLBACK) == "Another receiver could not be reached, so it is told to you."
    assert first(Purpose.GROUP) == "This is a test message: no borrower is late."


def test_a_heartbeat_speaks_of_no_borrower() -> None:
    told = replace(message(), purpose=Purpose.HEARTBEAT)

    assert "TEST" not in TELLING.title(told, ("en", "zh")) + TELLING.text(told, "en", ROOM)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(hours=1), "This is a test message: no borrower is late."),
        (timedelta(minutes=61), "As of 1 Mar 2026, 09:31 UTC: this message was written 1 hour ago."),
        (timedelta(hours=27), "As of 1 Mar 2026, 09:31 UTC: this message was written 27 hours ago."),
    ],
)
def test_a_late_message_says_as_of_when_it_speaks(after: timedelta, expected: str) -> None:
    told = message()
    late = replace(told, sent_at=told.created_at + after)

    assert TELLING.text(late, "en", ROOM).splitlines()[0] == expected


def test_a_late_message_says_so_in_chinese() -> None:
    late = replace(message(), sent_at=message().created_at + timedelta(hours=5))

    assert TELLING.text(late, "zh", ROOM).startswith("延迟：本消息写于 2026年3月1日 09:31 UTC，距今 5 小时。")


def test_the_link_says_what_it_does_in_the_readers_languages() -> None:
    assert (answer_for_it("en", "zh"), answer_for_it("zh")) == ("I answer for it / 我来处理", "我来处理")
