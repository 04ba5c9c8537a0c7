"""Files become events in the order they happened, with business time marked in between."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.conversion import ConversionError, convert
from services.ingest.sources import discover
from services.ingest.sources.superlender.examples import EXAMPLES
from shared.events import accept

SUPERLENDER = discover()["superlender"]
EARLIER = {**EXAMPLES[0].row, "approveddate": "2016-08-30 09:00:00", "closeddate": "2016-09-01 00:00:00"}
EARLIER["firstrepaiddate"] = EARLIER["closeddate"]
FINAL = {**EXAMPLES[2].row, "approveddate": "2016-09-01 12:00:00"}


def _table(path: Path, *rows: Mapping[str, str]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def _converted(directory: Path, *, out: str = "events.ndjson") -> list[dict[str, Any]]:
    files = [_table(directory / "prev.csv", EARLIER), _table(directory / "perf.csv", FINAL)]
    convert(SUPERLENDER, files, directory / out)
    written = (directory / out).read_bytes()
    lines = gzip.decompress(written) if out.endswith(".gz") else written
    return [msgspec.json.decode(line) for line in lines.splitlines()]


def _told(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(each["time"], each["type"]) for each in events]


def test_events_stand_in_order_with_each_local_midnight_marked_and_one_at_the_end(tmp_path: Path) -> None:
    assert _told(_converted(tmp_path)) == [
        ("2016-08-30T08:00:00Z", "loan.disbursed"),
        ("2016-08-30T23:00:00Z", "clock.advanced"),
        # What happened at midnight itself has been said before the mark says so.
        ("2016-08-31T23:00:00Z", "repayment.received"),
        ("2016-08-31T23:00:00Z", "loan.closed"),
        ("2016-08-31T23:00:00Z", "clock.advanced"),
        ("2016-09-01T11:00:00Z", "loan.disbursed"),
        ("2016-09-01T23:00:00Z", "clock.advanced"),
    ]


def test_a_mark_names_the_midnight_in_local_time(tmp_path: Path) -> None:
    marks = [each["data"]["through"] for each in _converted(tmp_path) if each["type"] == "clock.advanced"]
    assert marks == ["2016-08-31T00:00:00+01:00", "2016-09-01T00:00:00+01:00", "2016-09-02T00:00:00+01:00"]


def test_each_line_is_what_ingest_would_publish(tmp_path: Path) -> None:
    for event in _converted(tmp_path):
        assert msgspec.json.decode(accept(msgspec.json.encode(event)).value) == event


def test_a_name_ending_in_gz_is_compressed(tmp_path: Path) -> None:
    assert _converted(tmp_path, out="events.ndjson.gz") == _converted(tmp_path)


def test_a_wrong_row_is_named_by_file_line_and_column_and_nothing_is_written(tmp_path: Path) -> None:
    broken = _table(tmp_path / "prev.csv", EARLIER, {**EARLIER, "totaldue": "-1"})
    files = [broken, _table(tmp_path / "perf.csv", FINAL)]
    with pytest.raises(ConversionError, match=r"prev\.csv \(PREVLOANS\), line 3: totaldue: expected an amount above"):
        convert(SUPERLENDER, files, tmp_path / "events.ndjson")
    assert not (tmp_path / "events.ndjson").exists()


@pytest.mark.parametrize(
    "amount", ["Infinity", "-Infinity", "NaN", "1e5", "1e400", "1_000", "\uff11\uff13", "13,000", "", " "]
)
def test_an_amount_that_is_none_is_named_by_file_line_and_column(tmp_path: Path, amount: str) -> None:
    broken = _table(tmp_path / "prev.csv", EARLIER, {**EARLIER, "referredby": "two\nlines", "totaldue": amount})
    with pytest.raises(ConversionError, match=r"prev\.csv \(PREVLOANS\), line 3: totaldue: expected"):
        convert(SUPERLENDER, [broken, _table(tmp_path / "perf.csv", FINAL)], tmp_path / "events.ndjson")
    assert not (tmp_path / "events.ndjson").exists()


def test_a_value_that_only_the_event_refuses_is_named_by_file_and_line(tmp_path: Path) -> None:
    broken = _table(tmp_path / "prev.csv", {**EARLIER, "customerid": "Jane Doe"})
    with pytest.raises(ConversionError, match=r"prev\.csv \(PREVLOANS\), line 2: /subject: expected 1 to 128 visible"):
        convert(SUPERLENDER, [broken, broken], tmp_path / "events.ndjson")


def _resaved(text: str, encoding: str, separator: str, end: str) -> bytes:
    return text.replace("\r\n", end).replace(",", separator).encode(encoding)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("encoding", "separator", "end"),
    [
        ("utf-8-sig", ",", "\r\n"),
        ("utf-8", ";", "\r\n"),
        ("utf-8-sig", ";", "\r"),
        ("utf-8", "\t", "\n"),
        ("utf-8", ",", "\r"),
    ],
)
def test_a_table_is_read_however_a_spreadsheet_saves_it(
    tmp_path: Path, packed: bool, encoding: str, separator: str, end: str
) -> None:
    expected = _converted(tmp_path)
    files = []
    for name in ("prev.csv", "perf.csv"):
        saved = _resaved((tmp_path / name).read_bytes().decode(), encoding, separator, end)
        files.append(tmp_path / f"saved-{name}{'.gz' if packed else ''}")
        files[-1].write_bytes(gzip.compress(saved) if packed else saved)
    convert(SUPERLENDER, files, tmp_path / "saved.ndjson")
    assert [msgspec.json.decode(line) for line in (tmp_path / "saved.ndjson").read_bytes().splitlines()] == expected


@pytest.mark.parametrize("content", [b"customerid\n", gzip.compress(b"x" * 9_999)[:-9], b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_whole_gzip_file_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "prev.csv.gz"
    broken.write_bytes(content)
    with pytest.raises(ConversionError, match=r"prev\.csv\.gz \(PREVLOANS\): expected a whole file in gzip's format"):
        convert(SUPERLENDER, [broken, broken], tmp_path / "events.ndjson")


def test_a_file_too_few_is_refused_with_what_each_should_be(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="expected 2 files, PREVLOANS and PERF; got 1"):
        convert(SUPERLENDER, [_table(tmp_path / "prev.csv", EARLIER)], tmp_path / "events.ndjson")


def test_files_without_rows_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("customerid,systemloanid\n")
    with pytest.raises(ConversionError, match=r"expected loans in .*found no rows"):
        convert(SUPERLENDER, [empty, empty], tmp_path / "events.ndjson")
