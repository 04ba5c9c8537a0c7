"""Which open warnings may mute a change."""

from services.notifier.core.inhibition import Inhibition, OpenWarnings, inhibitor
from services.notifier.core.matching import Match
from shared.warnings import About, Kind, Level, WarningChange
from tests.changes import change, recovery

RED = Match.model_validate({"level": "red"})
BY_GROUP = Inhibition(source=RED, target=Match(), equal=("group",))
BY_BORROWER = Inhibition(source=RED, target=Match())


def _of(number: int, group: str | None, borrower: str = "B-1", level: Level = Level.RED) -> WarningChange:
    update = {"borrower_id": borrower, "about": About(group=group)}
    return change(number, level=level).model_copy(update=update)


def test_of_several_the_one_with_the_smallest_id_mutes_it() -> None:
    known = OpenWarnings([_of(3, None), _of(2, None), _of(1, None, "B-2")])
    assert inhibitor([BY_BORROWER], _of(9, None), known) == _of(2, None)


def test_what_has_no_group_agrees_with_nothing_in_it() -> None:
    known = OpenWarnings([_of(1, None), _of(2, "Okafor", "B-2")])
    assert inhibitor([BY_GROUP], _of(9, None), known) is None
    assert inhibitor([BY_GROUP], _of(9, "Okafor"), known) == _of(2, "Okafor", "B-2")


def test_a_warning_is_found_as_it_is_now() -> None:
    """In the group that it is in by its newest change, at that level, and not once it is over."""
    known = OpenWarnings([_of(1, "Okafor")])
    known.hear(_of(1, "Bello"))
    assert inhibitor([BY_GROUP], _of(9, "Okafor"), known) is None
    assert inhibitor([BY_GROUP], _of(9, "Bello"), known) == _of(1, "Bello")

    eased = _of(1, "Bello", level=Level.BLUE).model_copy(update={"kind": Kind.EASED, "previous_level": Level.RED})
    known.hear(eased)
    assert inhibitor([BY_GROUP], _of(9, "Bello"), known) is None

    known.hear(recovery(1))
    known.hear(recovery(1))
    assert list(known.near(_of(9, "Bello"), ("group",))) == []
