"""What is foretold names whom, when and why, and it is what planning would do."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from services.notifier.configuration import read
from services.notifier.foretelling.planning import foretell
from services.notifier.foretelling.reading import UnreadableFileError, changes_in
from services.notifier.foretelling.showing import show
from shared.warnings import Kind, Level, WarningChange
from tests.changes import AT, change, recovery

CONFIGURATION = read("""
receivers:
  desk: {channel: log}
  branch: {channel: log}
  nights: {channel: log}
  board: {channel: log}
times:
  night: {time_zone: UTC, hours: ["22:00-07:00"]}
inhibit:
  - {source: {level: red}, target: {level: blue}}
escalations:
  up: {repeat: 1, steps: [{wait: 1h, receivers: [branch]}, {wait: 2h, receivers: [board]}]}
routes:
  - match: {family: business}
    routes:
      - match: {level: red}
        receivers: [board]
      - receivers: [nights]
        match: {level: [blue, yellow]}
        quiet: night
  - match: {rule: missed_payment}
    receivers: [branch]
    group: {by: [borrower], wait: 5m}
    escalation: up
    continue: true
  - match: {level: [yellow, red], rule: missed_payment}
    receivers: [desk]
""")
NIGHT = AT + timedelta(hours=14)


def _shown(*changes: WarningChange, now: datetime = AT) -> list[list[str]]:
    """The lines, each in its columns."""
    file = io.StringIO()
    console = Console(file=file, width=200)
    for each in foretell(CONFIGURATION, changes, now):
        show(console, each, CONFIGURATION.routes, now)
    lines = [line.strip() for line in file.getvalue().splitlines() if line.strip()]
    return [[part.strip() for part in line.split("   ") if part.strip()] for line in lines]


def _lines(shown: Sequence[Sequence[str]]) -> list[str]:
    return [" | ".join(each) for each in shown if each[0] != "receiver"]


def test_now_a_group_and_the_steps_of_an_escalation() -> None:
    assert _lines(_shown(change())) == [
        "missed_payment raised, nothing to yellow, borrower TEST-0001, 2026-03-01T09:30:00+00:00",
        "branch | 2026-03-01 09:35:00 UTC | routes[1]: group, borrower TEST-0001",
        "desk | now (2026-03-01 09:30:00 UTC) | routes[2]",
        "branch | 2026-03-01 10:35:00 UTC | escalation up: round 1, step 1, unless acknowledged",
        "board | 2026-03-01 12:35:00 UTC | escalation up: round 1, step 2, unless acknowledged",
        "branch | 2026-03-01 13:35:00 UTC | escalation up: round 2, step 1, unless acknowledged",
        "board | 2026-03-01 15:35:00 UTC | escalation up: round 2, step 2, unless acknowledged",
    ]


def test_quiet_hours_say_until_when() -> None:
    _, told = _lines(_shown(change(family="business", rule="falling_revenue"), now=NIGHT))
    assert told == "nights | 2026-03-02 07:00:00 UTC | routes[0].routes[1]: quiet, the hours night"


def test_a_recovery_follows_its_raise_and_nothing_escalates_twice() -> None:
    lines = _lines(_shown(change(), change(1, 1, level=Level.RED), recovery(1, 2)))
    assert sum("escalation up: round 1, step 1" in each for each in lines) == 1
    assert lines[-2:] == [
        "branch | 2026-03-01 09:35:00 UTC | routes[1]: group, follows what is held, borrower TEST-0001",
        "desk | now (2026-03-01 09:30:00 UTC) | routes[2]",
    ]


def test_what_an_open_warning_mutes_and_whom_nothing_concerns() -> None:
    red = change(1, level=Level.RED, family="business", rule="falling_revenue")
    blue = change(2, level=Level.BLUE, family="business", rule="late_report")
    lines = _lines(_shown(red, blue, change(3, rule="other")))
    assert lines[1] == "board | now (2026-03-01 09:30:00 UTC) | routes[0].routes[0]"
    assert "routes[0].routes[1]: inhibited, the red warning" in lines[3]
    assert lines[5] == "nobody: no route matches"


def test_who_was_told_by_an_earlier_level_is_told_of_the_end() -> None:
    eased = change(1, 1, kind=Kind.EASED, level=Level.BLUE, previous_level=Level.BLUE)
    lines = _lines(_shown(change(1, level=Level.RED), eased))
    assert lines[-1] == "desk | now (2026-03-01 09:30:00 UTC) | told before"


def test_a_file_holds_one_change_or_one_a_line_and_is_wrong_with_its_line(tmp_path: Path) -> None:
    one, several, wrong, empty = (tmp_path / name for name in ("one", "several", "wrong", "empty"))
    one.write_text(change().model_dump_json(indent=2))
    several.write_text(f"{change().model_dump_json()}\n\n{recovery().model_dump_json()}\n")
    wrong.write_text(f"{change().model_dump_json()}\n{{}}\n")
    empty.write_text("\n")

    assert changes_in(one) == [change()]
    assert changes_in(several) == [change(), recovery()]
    with pytest.raises(UnreadableFileError, match="line 2: expected a warning change"):
        changes_in(wrong)
    with pytest.raises(UnreadableFileError, match="it is empty"):
        changes_in(empty)
    with pytest.raises(UnreadableFileError, match="No such file"):
        changes_in(tmp_path / "none")
