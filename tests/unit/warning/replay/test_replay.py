"""Replay: the same whatever the shards, the same as a worker that sweeps, and no bad line stops it."""

import gzip
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.warning.core import borrower as borrowers
from services.warning.core.borrower import Borrower
from services.warning.core.calendar import Calendar
from services.warning.core.changes import Change, to_json
from services.warning.core.engine import Engine
from services.warning.core.facts import Remark
from services.warning.core.records import CLOCK, Event, read, through
from services.warning.core.rules.loading import load_ruleset
from services.warning.replay.run import replay
from services.warning.replay.shard import Job, Shard
from services.warning.settings import SHIPPED_RULESET
from tests.bench.workload import generate
from tests.events import clock, disbursed, event, repaid

SHIPPED = SHIPPED_RULESET.read_text(encoding="utf-8")
ZONE = "Africa/Lagos"


@pytest.fixture(scope="module")
def year() -> list[bytes]:
    return [each.value for each in generate(events=3_000, borrowers=300)]


def _file(path: Path, lines: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def _changes(out: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (out / "changes.ndjson").read_bytes().splitlines()]


def _swept(lines: Sequence[bytes]) -> dict[str, list[bytes]]:
    """By borrower: what a worker would say that fires everybody's due times at each clock record."""
    engine = Engine(load_ruleset(SHIPPED), Calendar(ZONE))
    known: dict[str, Borrower] = {}
    said: defaultdict[str, list[bytes]] = defaultdict(list)
    now = 0
    for line in lines:
        changes: list[Change] = []
        read_ = read(line)
        if read_.type == CLOCK:
            now = max(now, through(read_))
            for each in known.values():
                engine.advance(each, now, changes)
        else:
            engine.decide(known.setdefault(read_.subject, borrowers.new(read_.subject)), read_, now, changes)
        for change in changes:
            said[change.borrower_id].append(to_json(change))
    return said


def test_any_number_of_shards_writes_the_same_and_what_a_sweeping_worker_says(
    tmp_path: Path, year: list[bytes]
) -> None:
    events = _file(tmp_path / "events.ndjson", year)
    one = replay(events, SHIPPED, ZONE, tmp_path / "one", shards=1)
    three = replay(events, SHIPPED, ZONE, tmp_path / "three", shards=3)

    written = (tmp_path / "one" / "changes.ndjson").read_bytes()
    assert written == (tmp_path / "three" / "changes.ndjson").read_bytes()
    measured = ("seconds", "events_per_s")
    assert {name: one[name] for name in one if name not in measured} == {
        name: three[name] for name in three if name not in measured
    }
    by_borrower: defaultdict[str, list[bytes]] = defaultdict(list)
    for line in written.splitlines():
        by_borrower[msgspec.json.decode(line)["borrower_id"]].append(line)
    assert by_borrower == _swept(year)
    assert one["changes"] > 150
    assert sorted(each.name for each in (tmp_path / "three").iterdir()) == ["changes.ndjson", "report.json"]


def test_changes_are_in_the_order_of_business_time_and_borrower(tmp_path: Path, year: list[bytes]) -> None:
    replay(_file(tmp_path / "events.ndjson", year), SHIPPED, ZONE, tmp_path, shards=2)
    order = [(each["at"], each["borrower_id"]) for each in _changes(tmp_path)]
    assert order == sorted(order)


def test_a_compressed_file_is_read_as_well(tmp_path: Path, year: list[bytes]) -> None:
    with gzip.open(tmp_path / "events.ndjson.gz", "wb") as file:
        file.writelines(line + b"\n" for line in year[:500])
    told = replay(tmp_path / "events.ndjson.gz", SHIPPED, ZONE, tmp_path / "out", shards=1)
    assert told["events"] + told["clock_records"] == 500
    assert not told["rejected"]


def test_bad_lines_are_told_with_their_numbers_and_stop_nothing(tmp_path: Path) -> None:
    loan = disbursed("B1", "2026-01-05", "2026-02-05", id="loan")
    lines = [
        loan,
        b"{",
        b"",
        loan,
        {**loan, "time": "2026-01-06T12:00:00Z"},
        event("loan.closed", "B2", "2026-01-06", {"loan_id": "L1", "closed_on": "2026-02-30"}),
        repaid("B1", "2026-01-06", "-5"),
        event("comet.seen", "B1", "2026-01-06", {}),
        b"\xff\xfe",
        b'{"subject": "B1"}',
        {**clock("2026-02-10"), "data": {"through": "soon"}},
        clock("2026-04-10"),
        repaid("B1", "2026-01-20"),
    ]
    raw = [each if isinstance(each, bytes) else msgspec.json.encode(each) for each in lines]
    told = replay(_file(tmp_path / "events.ndjson", raw), SHIPPED, ZONE, tmp_path / "out", shards=2)

    assert {reason: found["lines"] for reason, found in told["rejected"].items()} == {
        "id_conflict": [5],
        "invalid": [2, 6, 7, 8, 9, 10, 11],
        "too_late": [13],
    }
    assert told["rejected"]["invalid"]["count"] == 7
    assert (
        "line 7: repayment.received.data.amount: expected an amount above zero"
        in told["rejected"]["invalid"]["details"][2]
    )
    assert (told["events"], told["applied"], told["duplicates"], told["borrowers"]) == (4, 1, 1, 1)
    assert told["by_kind"] == {"raised": 1, "escalated": 2}
    assert told["by_level"] == {"blue": 1, "yellow": 1, "orange": 1}
    assert told["by_rule"] == {"missed_payment": 3}
    assert msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes()) == told


def test_reversals_that_do_not_fit_and_what_is_said_in_vain_are_told_with_their_lines(tmp_path: Path) -> None:
    reversal = {"repayment_id": "pay", "loan_id": "L1", "currency": "EUR", "value_date": "2026-02-05"}
    lines = [
        disbursed("B1", "2026-01-05", "2026-02-05", "2026-03-05"),
        repaid("B1", "2026-02-05", id="pay"),
        event("repayment.reversed", "B1", "2026-02-06", reversal),
        disbursed("B1", "2026-02-10", "2026-03-05"),
    ]
    raw = [msgspec.json.encode(each) for each in lines]
    told = replay(_file(tmp_path / "events.ndjson", raw), SHIPPED, ZONE, tmp_path / "out", shards=2)

    assert {reason: found["lines"] for reason, found in told["rejected"].items()} == {"reversal_mismatch": [3]}
    (lacks,) = told["remarks"]["lacks_past"]["details"]
    assert lacks.startswith("line 4: borrower B1, L1: expected the schedule to repeat")


def test_a_line_on_which_deciding_fails_is_left_out_as_if_it_had_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        disbursed("B1", "2026-01-05", "2026-01-10"),
        repaid("B1", "2026-01-12", id="poison"),
        repaid("B1", "2026-01-15"),
        clock("2026-02-01"),
    ]
    decide = Engine.decide

    def spoils(
        self: Engine, borrower: Borrower, given: Event, now: int, changes: list[Change], remarks: list[Remark] | None
    ) -> str:
        outcome = decide(self, borrower, given, now, changes, remarks)
        if given.id == "poison":
            raise ZeroDivisionError("poison")
        return outcome

    monkeypatch.setattr(Engine, "decide", spoils)
    job = Job(_file(tmp_path / "events.ndjson", list(map(msgspec.json.encode, lines))), SHIPPED, ZONE, tmp_path, 1)
    outcome = Shard(job, 0).run(lambda _: None)

    assert outcome.rejected == [(2, "engine_error", "ZeroDivisionError: poison")]
    kinds = [msgspec.json.decode(line)["kind"] for line in job.part(0).read_bytes().splitlines()]
    assert kinds == ["raised", "cleared"]
    assert outcome.outcomes == {"applied": 2}


def test_an_empty_file_gives_an_empty_report(tmp_path: Path) -> None:
    told = replay(_file(tmp_path / "events.ndjson", []), SHIPPED, ZONE, tmp_path / "out", shards=1)
    assert (told["events"], told["changes"], told["rejected"]) == (0, 0, {})
    assert (tmp_path / "out" / "changes.ndjson").read_bytes() == b""
