"""`check` and `replay` as a person runs them."""

from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from services.warning.replay.commands import check, replay
from services.warning.settings import SHIPPED_RULESET
from tests.events import clock, disbursed

app = typer.Typer()
app.command()(check)
app.command()(replay)
run = CliRunner()
SHIPPED = SHIPPED_RULESET.read_text(encoding="utf-8")


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.ndjson"
    lines = [disbursed("B1", "2026-01-05", "2026-02-05"), clock("2026-03-10")]
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
    return path


def _ruleset(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_check_says_that_the_shipped_ruleset_is_right() -> None:
    result = run.invoke(app, ["check"])
    assert result.exit_code == 0
    assert "3 rules" in result.stdout
    assert "missed_payment: days_past_due per loan above blue 1, yellow 7, orange 30, red 90" in result.stdout


def test_check_shows_each_mistake_with_its_line_and_a_caret(tmp_path: Path) -> None:
    result = run.invoke(app, ["check", _ruleset(tmp_path, SHIPPED.replace("yellow: 7", "yelow: 7"))])
    assert result.exit_code == 1
    assert "line 19, column 22: unknown level 'yelow'; did you mean 'yellow'?" in result.stderr
    shown, caret = result.stderr.splitlines()[1:3]
    assert caret.index("^") == shown.index("yelow")


def test_check_plays_the_examples(tmp_path: Path) -> None:
    result = run.invoke(
        app, ["check", _ruleset(tmp_path, SHIPPED.replace("orange: 30, red: 90}", "orange: 31, red: 90}"))]
    )
    assert result.exit_code == 1
    assert "rule missed_payment, example 'an instalment that never comes climbs to red'" in result.stderr
    assert "got      raised blue on 2026-02-06" in result.stderr


def test_check_says_of_an_expression_what_becomes_of_an_absent_indicator() -> None:
    result = run.invoke(app, ["check"])
    assert result.exit_code == 0
    said = "given revenue_months >= 6: what is absent of revenue_months is unknown, neither 0 nor false"
    assert f"    {said}\n" in result.stdout


@pytest.mark.parametrize(("content", "code"), [(b"\xff", 1), (None, 2)])
def test_check_says_what_is_wrong_with_the_file(tmp_path: Path, content: bytes | None, code: int) -> None:
    path = tmp_path / "rules.yaml"
    if content is not None:
        path.write_bytes(content)
    result = run.invoke(app, ["check", str(path)])
    assert result.exit_code == code
    assert "expected a text file in UTF-8" in result.stderr


def test_replay_writes_changes_and_report_and_stays_quiet_without_a_terminal(tmp_path: Path, events: Path) -> None:
    out = tmp_path / "out"
    result = run.invoke(app, ["replay", str(events), "--time-zone", "Africa/Lagos", "--out", str(out), "--shards", "1"])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith("1 events of 1 borrowers, 3 changes")
    changes = [msgspec.json.decode(line) for line in (out / "changes.ndjson").read_bytes().splitlines()]
    assert [(each["kind"], each["at"]) for each in changes] == [
        ("raised", "2026-02-05T23:00:00Z"),
        ("escalated", "2026-02-11T23:00:00Z"),
        ("escalated", "2026-03-06T23:00:00Z"),
    ]
    assert msgspec.json.decode((out / "report.json").read_bytes())["time_zone"] == "Africa/Lagos"


def test_replay_exits_with_one_where_a_line_was_rejected(tmp_path: Path, events: Path) -> None:
    events.write_bytes(events.read_bytes() + b"not an event\n")
    result = run.invoke(app, ["replay", str(events), "--out", str(tmp_path / "out"), "--shards", "1"])
    assert result.exit_code == 1
    assert "1 lines rejected as invalid; line 3: " in result.stderr
    assert (tmp_path / "out" / "changes.ndjson").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-zone", "Europe/Atlantis"], "IANA"),
        (["--ruleset", "nowhere.yaml"], "nowhere.yaml"),
        (["--ruleset", str(Path(__file__))], "line 1, column 3"),
    ],
)
def test_replay_that_cannot_begin_exits_with_two(tmp_path: Path, events: Path, arguments: list[str], said: str) -> None:
    result = run.invoke(app, ["replay", str(events), "--out", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
