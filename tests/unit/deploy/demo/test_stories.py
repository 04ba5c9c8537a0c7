"""Which letters of a run make the stories told at its end, and when it is worth to wait for more."""

import pytest

from deploy.local.demo.chief import Press
from deploy.local.demo.deliveries import Deliveries
from deploy.local.demo.people import BOARD, BOARD_AFTER, CHIEF, OFFICERS
from deploy.local.demo.stories import (
    ANSWERED_WITHIN,
    GATHERED_WITHIN,
    SLACK_SECONDS,
    Stories,
    stories,
    to_come,
    worth_asking_about,
)
from services.notifier.core.message import Purpose
from shared.warnings import Kind, Level
from tests.unit.deploy.demo.changes import change
from tests.unit.deploy.demo.letters import knowing, letter

NONE = Stories(None, None, None)
ORANGE = change("a", Kind.RAISED, Level.ORANGE)
RED = change("a", Kind.ESCALATED, Level.RED, Level.ORANGE, day=2)
ANSWERED = change("a", Kind.ACKNOWLEDGED, Level.RED, day=3)
CLEARED = change("a", Kind.CLEARED, None, Level.RED, day=4)
OTHER = change("b", Kind.RAISED, Level.YELLOW)
OTHER_CLEARED = change("b", Kind.CLEARED, None, Level.YELLOW, day=2)
BLUE = change("c", Kind.RAISED, Level.BLUE)


def _handed_up() -> tuple[Deliveries, Press]:
    """Officers heard of it, then the chief, who pressed; what the system says of that comes last."""
    deliveries = knowing(ORANGE, RED, ANSWERED)
    handed = letter(CHIEF, 6.0, [RED], Purpose.ESCALATION, "http://127.0.0.1/v1/acknowledge/x")
    deliveries.letters = [letter(OFFICERS, 2.0, [ORANGE]), letter(OFFICERS, 5.0, [RED]), handed]
    return deliveries, Press(handed, 6.1)


def test_nothing_told_is_no_story() -> None:
    assert stories(knowing(BLUE), None) == NONE


def test_of_groups_the_one_in_which_most_grew_worse_is_shown() -> None:
    deliveries = knowing(ORANGE, OTHER, RED, OTHER_CLEARED, BLUE)
    worse = letter(OFFICERS, 1.0, [RED, OTHER])
    deliveries.letters = [letter(OFFICERS, 0.0, [RED, OTHER_CLEARED]), worse, letter(OFFICERS, 2.0, [RED])]

    assert stories(deliveries, None).grouped is worse


def test_a_warning_handed_up_and_answered_for_is_told_from_the_officers_to_the_answer() -> None:
    deliveries, pressed = _handed_up()
    deliveries.letters.append(letter(OFFICERS, 7.0, [ANSWERED]))
    found = stories(deliveries, pressed).answered

    assert found is not None
    assert [each.change for each in found.officers] == [ORANGE, RED]
    assert found.chief.change == RED
    assert found.acknowledgement == ANSWERED
    assert found.officers_know_at == 7.0
    assert found.board_after is None


def test_a_button_that_was_pressed_is_no_answer_before_the_warning_service_says_so() -> None:
    deliveries, pressed = _handed_up()
    deliveries.acknowledged.clear()

    assert stories(deliveries, pressed).answered is None


def test_a_board_that_is_told_all_the_same_is_not_passed_over() -> None:
    deliveries, pressed = _handed_up()
    deliveries.letters.append(letter(BOARD, 9.0, [RED], Purpose.ESCALATION))
    found = stories(deliveries, pressed).answered

    assert found is not None
    assert found.board_after == 9.0


def test_what_a_warning_became_since_its_answer_is_handed_up_anew_and_no_failure() -> None:
    deliveries, pressed = _handed_up()
    again = change("a", Kind.ESCALATED, Level.RED, Level.ORANGE, day=9)
    deliveries.changes.append(again)
    deliveries.known[again.change_id], deliveries.at[again.change_id] = again, 9.0
    deliveries.letters.append(letter(BOARD, 12.0, [again], Purpose.ESCALATION))
    found = stories(deliveries, pressed).answered

    assert found is not None
    assert found.board_after is None
    assert found.anew == again


def test_a_warning_has_recovered_once_all_who_were_told_of_it_are_told_of_its_end() -> None:
    deliveries = knowing(ORANGE, CLEARED)
    deliveries.letters = [
        letter(OFFICERS, 1.0, [ORANGE]),
        letter(CHIEF, 2.0, [ORANGE]),
        letter(OFFICERS, 3.0, [CLEARED]),
    ]
    assert stories(deliveries, None).recovered is None

    deliveries.letters.append(letter(CHIEF, 3.0, [CLEARED]))
    found = stories(deliveries, None).recovered
    assert found is not None
    assert [*found.raised] == [*found.over] == [OFFICERS, CHIEF]


def test_an_end_that_took_the_place_of_its_raise_is_no_recovery() -> None:
    deliveries = knowing(ORANGE, CLEARED)
    deliveries.letters = [letter(OFFICERS, 3.0, [CLEARED])]

    assert stories(deliveries, None).recovered is None


def test_what_officers_have_not_heard_yet_is_worth_a_short_wait() -> None:
    deliveries = knowing(OTHER)
    assert to_come(NONE, deliveries, settled_at=0, now=1)
    assert not to_come(NONE, deliveries, settled_at=0, now=GATHERED_WITHIN)

    deliveries.letters = [letter(OFFICERS, 1.0, [OTHER])]
    assert not to_come(NONE, deliveries, settled_at=0, now=1)


def test_an_orange_warning_that_stays_open_is_worth_waiting_for_until_it_is_answered_for() -> None:
    deliveries = knowing(ORANGE)
    deliveries.letters = [letter(OFFICERS, 1.0, [ORANGE])]

    assert to_come(NONE, deliveries, settled_at=0, now=GATHERED_WITHIN)
    assert not to_come(NONE, deliveries, settled_at=0, now=ANSWERED_WITHIN)


def test_that_the_board_is_not_told_is_only_said_once_it_would_have_been() -> None:
    deliveries, pressed = _handed_up()
    deliveries.letters.append(letter(OFFICERS, 7.0, [ANSWERED]))
    found = stories(deliveries, pressed)
    due = 6.0 + BOARD_AFTER + SLACK_SECONDS

    assert to_come(found, deliveries, settled_at=6, now=due - 0.1)
    assert not to_come(found, deliveries, settled_at=6, now=due)


@pytest.mark.parametrize("now", [0, 1])
def test_a_book_with_nothing_for_people_is_not_waited_for(now: float) -> None:
    assert not to_come(NONE, knowing(BLUE), settled_at=0, now=now)


def test_the_warning_asked_about_is_one_of_which_officers_were_not_told_everything() -> None:
    deliveries = knowing(ORANGE, RED, OTHER)
    deliveries.letters = [letter(OFFICERS, 1.0, [OTHER]), letter(OFFICERS, 2.0, [RED])]

    assert worth_asking_about(NONE, deliveries) == RED.warning_id


def test_of_those_told_in_full_the_one_that_was_handed_up_is_asked_about() -> None:
    deliveries = knowing(ORANGE, OTHER)
    deliveries.letters = [letter(OFFICERS, 1.0, [OTHER]), letter(OFFICERS, 2.0, [ORANGE]), letter(CHIEF, 5.0, [ORANGE])]

    assert worth_asking_about(NONE, deliveries) == ORANGE.warning_id
    assert worth_asking_about(NONE, knowing(ORANGE)) is None
