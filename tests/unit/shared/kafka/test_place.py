"""What a reader's place in a partition says of it, moment by moment."""

from shared.kafka.place import Place

BEGUN = 1_000.0
"""Unix time; the clock that never jumps stands at 0 then."""


def begun(position: int = 5) -> Place:
    return Place(position, moved=0, noticed=BEGUN)


def test_nothing_is_said_of_a_log_whose_end_is_unknown() -> None:
    place = begun()
    assert (place.behind, place.seconds(BEGUN + 9), place.stalled(9)) == (0, 0, 0)


def test_it_falls_behind_and_ages_while_nothing_is_dealt_with() -> None:
    place = begun()
    place.see(8, now=BEGUN + 1, running=1)
    assert (place.behind, place.seconds(BEGUN + 9), place.stalled(9)) == (3, 9, 9)
    place.see(20, now=BEGUN + 10, running=10)
    assert (place.behind, place.seconds(BEGUN + 60), place.stalled(60)) == (15, 60, 60)


def test_each_record_dealt_with_is_progress_and_its_age_is_how_far_behind_it_is() -> None:
    place = begun()
    place.see(8, now=BEGUN, running=0)
    place.reach(6, now=BEGUN + 10, running=10, taken_at=BEGUN - 3600)
    assert (place.behind, place.seconds(BEGUN + 12), place.stalled(12)) == (2, 3612, 2)


def test_what_comes_after_a_long_quiet_time_is_no_older_than_that_quiet() -> None:
    place = begun()
    place.see(6, now=BEGUN, running=0)
    place.reach(6, now=BEGUN, running=0, taken_at=BEGUN - 3600)
    place.see(6, now=BEGUN + 500, running=500)
    place.see(7, now=BEGUN + 505, running=505)
    assert (place.seconds(BEGUN + 506), place.stalled(506)) == (6, 6)


def test_having_caught_up_it_is_not_behind_and_has_not_stalled() -> None:
    place = begun()
    place.see(8, now=BEGUN, running=0)
    place.reach(8, now=BEGUN + 30, running=30, taken_at=BEGUN)
    assert (place.behind, place.seconds(BEGUN + 600), place.stalled(600)) == (0, 0, 0)


def test_a_reader_beyond_an_end_seen_earlier_has_not_caught_up_by_that() -> None:
    place = begun()
    place.see(8, now=BEGUN, running=0)
    place.reach(10, now=BEGUN + 30, running=30, taken_at=BEGUN - 100)
    place.see(40, now=BEGUN + 31, running=31)
    assert (place.behind, place.seconds(BEGUN + 31), place.stalled(31)) == (30, 131, 1)


def test_a_clock_that_went_back_makes_no_negative_age() -> None:
    place = begun()
    place.see(8, now=BEGUN, running=0)
    assert place.seconds(BEGUN - 10) == 0
