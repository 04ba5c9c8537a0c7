"""The end of the demo: what is counted, and which warning is worth explaining."""

from io import StringIO

from rich.console import Console, RenderableType

from deploy.local.demo.explanation import explanation
from deploy.local.demo.report import Run, changes_table, figures, worth_explaining
from deploy.local.feeder import FeedReport
from shared.warnings import Kind, Level
from tests.unit.deploy.demo.changes import change

BRIEF = [change("brief", Kind.RAISED, Level.RED)]
FULL = [
    change("full", Kind.RAISED, Level.BLUE, day=2),
    change("full", Kind.ESCALATED, Level.YELLOW, Level.BLUE, day=3),
    change("full", Kind.EASED, Level.BLUE, Level.YELLOW, day=4),
    change("full", Kind.CLEARED, None, Level.BLUE, day=5),
]


def _shown(what: RenderableType) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(what)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_the_richest_life_is_explained_at_its_worst_moment() -> None:
    assert worth_explaining([*BRIEF, *FULL]) == FULL[1]


def test_nothing_delivered_is_nothing_to_explain() -> None:
    assert worth_explaining([]) is None


def test_changes_are_counted_by_rule_level_and_kind() -> None:
    lines = [line.split() for line in _shown(changes_table([*BRIEF, *FULL])).splitlines()]

    assert ["missed_payment", "blue", "1", "1", "1"] in lines
    assert ["missed_payment", "yellow", "1"] in lines
    assert ["all", "2", "1", "1", "1", "0"] in lines


def test_one_that_somebody_answers_for_is_explained_before_all_others() -> None:
    answered = change("brief", Kind.ACKNOWLEDGED, Level.RED, day=2)

    assert worth_explaining([*BRIEF, *FULL, answered]) == BRIEF[0]


def test_the_figures_say_how_much_and_how_fast() -> None:
    waits = [each / 1000 for each in range(1, 102)]
    shown = _shown(figures(Run(FULL, FeedReport(accepted=3_000), days=365, seconds=60, waits=waits)))

    assert "365 days in 60 s" in shown
    assert "3,000 accepted (50 a second), 0 refused" in shown
    assert "p50 51 ms, p99 100 ms" in shown


def test_where_nothing_was_delivered_there_is_no_time_to_tell() -> None:
    shown = _shown(figures(Run([], FeedReport(), days=1, seconds=1, waits=[])))

    assert "acceptance to delivery" not in shown


def test_a_warning_is_explained_at_its_worst_moment_with_its_whole_life() -> None:
    acknowledged = {"by": "officer 7", "note": None, "at": "2025-05-04T10:00:00Z"}
    changes = [each.model_dump(mode="json") for each in FULL]
    shown = _shown(explanation({"changes": changes, "acknowledgements": [acknowledged]}))

    for words in (
        "This is a test message",
        "borrower TEST-0001, loan TEST-LOAN-1",
        "days_past_due = 8 days",
        "yellow from 7",
        "time passing",
        "2026-01-01 to 2026-01-09",
        "all that is due is paid",
        "ruleset test 0 (000000000000), engine test",
        "2025-05-02  raised blue",
        "2025-05-05  cleared",
        "by officer 7: no note",
    ):
        assert words in shown


def test_a_warning_nobody_answered_for_says_so() -> None:
    shown = _shown(explanation({"changes": [BRIEF[0].model_dump(mode="json")], "acknowledgements": []}))

    assert "by nobody yet" in shown
