"""What a person sees while the year goes by."""

from io import StringIO

import pytest
from rich.console import Console

from deploy.local.demo import screen
from shared.warnings import Kind, Level
from tests.unit.deploy.demo.changes import change


def test_what_grew_worse_comes_before_what_got_better_and_red_before_blue() -> None:
    changes = [
        change("a", Kind.CLEARED, None, Level.RED),
        change("b", Kind.RAISED, Level.BLUE),
        change("c", Kind.ESCALATED, Level.RED, Level.ORANGE),
    ]

    assert [each.kind for each in sorted(changes, key=screen.urgency)] == [Kind.CLEARED, Kind.RAISED, Kind.ESCALATED]


def test_of_changes_that_come_at_once_the_most_urgent_is_shown_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([10.0, 10.0, 10.1, 10.2, 10.6, 10.6])
    monkeypatch.setattr(screen, "monotonic", lambda: next(moments))
    console = Console(file=StringIO(), width=120)
    with screen.screen(console, days=1) as shown:
        for each in (
            change("a", Kind.RAISED, Level.BLUE),
            change("b", Kind.RAISED, Level.RED),
            change("c", Kind.RAISED, Level.BLUE),
            change("d", Kind.CLEARED, None, Level.BLUE),
        ):
            shown.delivered(each)

    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "blue   raised" in lines[0]
    assert "red    raised" in lines[1]
    assert "(and 2 more)" in lines[1]
