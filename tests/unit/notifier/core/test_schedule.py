"""When a delivery is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifier.core.schedule import JITTER, RetrySchedule, conclude
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SCHEDULE = RetrySchedule()
CHANCES = st.floats(0, 1, exclude_max=True)
TRIES = st.integers(1, 10_000)
ASKED = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))
VERDICTS = st.one_of(st.just(Delivered()), st.just(Refused("no")), st.builds(Retry, st.just("later"), ASKED))


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (10, 2560), (11, 3600), (5000, 3600)]
)
def test_each_wait_is_twice_the_one_before_up_to_the_longest(tries: int, seconds: int) -> None:
    assert SCHEDULE.wait(tries, None, chance=0.5) == timedelta(seconds=seconds)


@given(TRIES, CHANCES)
def test_jitter_is_a_fifth_to_either_side(tries: int, chance: float) -> None:
    middle = SCHEDULE.wait(tries, None, 0.5)
    assert middle * (1 - JITTER) <= SCHEDULE.wait(tries, None, chance) <= middle * (1 + JITTER)


@given(TRIES, ASKED, CHANCES)
def test_what_was_asked_for_is_never_undercut_except_by_its_cap(
    tries: int, asked: timedelta | None, chance: float
) -> None:
    wait = SCHEDULE.wait(tries, asked, chance)
    assert wait >= min(asked or timedelta(0), SCHEDULE.longest_asked)
    assert wait <= max(SCHEDULE.longest, SCHEDULE.longest_asked) * (1 + JITTER)


@given(VERDICTS, TRIES, st.timedeltas(timedelta(-1), timedelta(days=2)), CHANCES)
def test_a_pending_delivery_is_tried_later_than_now_and_before_its_deadline(
    verdict: Verdict, tries: int, left: timedelta, chance: float
) -> None:
    found = conclude(verdict, tries=tries, now=NOW, give_up_at=NOW + left, schedule=SCHEDULE, chance=chance)

    if found.state == "pending":
        assert isinstance(verdict, Retry)
        assert NOW < found.due_at <= NOW + left
    assert (found.state == "delivered") == isinstance(verdict, Delivered)
    assert (found.error is None) == isinstance(verdict, Delivered)


def test_past_its_deadline_it_is_dead_and_says_why() -> None:
    give_up_at = NOW + timedelta(seconds=1)
    found = conclude(Retry("HTTP 500"), tries=3, now=NOW, give_up_at=give_up_at, schedule=SCHEDULE, chance=0)

    assert (found.state, found.result, found.error) == ("dead", "expired", "given up at the deadline: HTTP 500")


def test_a_first_wait_longer_than_the_longest_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected `first`"):
        RetrySchedule.model_validate({"first": "2h", "longest": "1h"})
