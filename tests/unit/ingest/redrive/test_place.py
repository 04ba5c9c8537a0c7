"""A place remembers each kind of letter for itself, and no letter is ever dealt with twice."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.redrive.place import Place

KINDS = ("a", "b", "c")


def test_a_group_that_never_committed_starts_at_the_beginning() -> None:
    assert Place.read(-1, "") == Place(0)


@given(
    st.lists(st.sampled_from(KINDS), max_size=20),
    st.lists(st.tuples(st.sets(st.sampled_from(KINDS)), st.integers(0, 20)), max_size=6),
)
def test_over_any_runs_each_wanted_letter_is_dealt_with_exactly_once(
    letters: list[str], runs: list[tuple[set[str], int]]
) -> None:
    dealt_with: list[int] = []
    offset, metadata = -1, ""
    for wanted, cut_short_after in [*runs, (set(KINDS), 20)]:
        place = Place.read(offset, metadata)
        position = place.start
        for position in range(place.start, min(len(letters), place.start + cut_short_after)):
            kind = letters[position]
            if place.is_done(kind, position):
                continue
            if kind in wanted:
                place.finish(kind, position)
                dealt_with.append(position)
            else:
                place.leave(position)
        seen = min(len(letters), place.start + cut_short_after)
        offset, metadata = place.committed(seen)

    assert sorted(dealt_with) == list(range(len(letters)))
    assert (offset, metadata) == (len(letters), "")
