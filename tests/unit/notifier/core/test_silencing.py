"""A silence mutes what it matches, while it lasts and not a moment longer."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.matching import Match
from services.notifier.core.silencing import Silence, SilenceState, muting, wake_key
from shared.warnings import Level
from tests.changes import AT, change

HOUR = timedelta(hours=1)


def silence(number: int = 1, begins: int = 0, ends: int = 1, **match: object) -> Silence:
    given = Match.model_validate(match or {"family": "repayment"})
    return Silence(UUID(int=number), given, "night-desk", "a system is repaired", AT + begins * HOUR, AT + ends * HOUR)


def test_it_mutes_what_it_matches_and_nothing_else() -> None:
    assert silence().mutes(change(), AT)
    assert silence(level="yellow").mutes(change(level=Level.YELLOW), AT)
    assert not silence(level="red").mutes(change(level=Level.YELLOW), AT)
    assert not silence(branch="Kano").mutes(change(), AT)


def test_it_begins_and_ends_to_the_moment() -> None:
    given = silence(begins=1, ends=2)
    moment = timedelta(microseconds=1)
    assert given.state(AT + HOUR - moment) is SilenceState.PENDING
    assert given.state(AT + HOUR) is SilenceState.ACTIVE
    assert given.state(AT + 2 * HOUR - moment) is SilenceState.ACTIVE
    assert given.state(AT + 2 * HOUR) is SilenceState.ENDED
    assert [given.mutes(change(), AT + hours * HOUR) for hours in (0, 1, 2)] == [False, True, False]


def test_one_that_was_ended_before_it_began_never_holds() -> None:
    given = silence(begins=3, ends=1)
    assert [given.state(AT + hours * HOUR) for hours in (0, 1, 3)] == [
        SilenceState.PENDING,
        SilenceState.ENDED,
        SilenceState.ENDED,
    ]


def test_of_several_the_one_that_ends_last_decides() -> None:
    several = [silence(1, ends=2), silence(2, ends=5), silence(3, ends=9, branch="Kano"), silence(4, begins=3, ends=9)]
    found = muting(several, change(), AT)
    assert found is several[1]
    assert muting(several[2:], change(), AT) is None
    assert wake_key(UUID(int=2)) == "silence:00000000-0000-0000-0000-000000000002"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), max_size=6), st.integers(-6, 6))
def test_something_mutes_exactly_while_a_silence_that_matches_holds(spans: list[tuple[int, int]], now: int) -> None:
    several = [silence(number, begins, ends) for number, (begins, ends) in enumerate(spans)]
    holds = any(begins <= now < ends for begins, ends in spans)
    assert (muting(several, change(), AT + now * HOUR) is not None) == holds
