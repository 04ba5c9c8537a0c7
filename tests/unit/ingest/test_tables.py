"""A table is what its cells say, however it was saved; what is none is refused with the line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.tables import TableError, rows

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    return [(each.line, each.cells) for each in rows(io.BytesIO(content))]


@given(
    TABLES, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans()
)
def test_what_was_written_comes_back(
    table: list[tuple[str, str, str]], separator: str, end: str, mark: bool, last: bool
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *table])
    written = text.getvalue() if last else text.getvalue().removesuffix(end)

    found = _read(written.encode("utf-8-sig" if mark else "utf-8"))

    assert [tuple(cells.values()) for _, cells in found] == [each for each in table if any(each)]


def test_a_record_is_named_by_the_line_it_begins_on() -> None:
    assert _read(b'a,b\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n') == [
        (2, {"a": "1", "b": "two\r\nlines"}),
        (5, {"a": "2", "b": "x"}),
    ]


def test_cells_that_are_not_there_are_empty_and_those_beyond_the_header_are_not_taken_for_others() -> None:
    assert _read(b"a;b;;\n1;;;\n2\n;;;\n") == [(2, {"a": "1", "b": ""}), (3, {"a": "2", "b": ""})]


def test_a_declared_separator_holds() -> None:
    assert _read(b"sep=;\r\na,x;b\r\n1;2\r\n") == [(3, {"a,x": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n13,000.00,2\n", "line 3: expected 2 columns as in the header, got 3; a value with a ',' in it"),
        (b"a;b;\n13;000;2\n", "line 2: expected 2 columns"),
        (b"a,b\n1,2,\n", "line 2: expected 2 columns"),
        (b"a,a\n1,2\n", "line 1: expected each column once, 'a' stands twice"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "line 3: expected CSV: unexpected end of data"),
        (b'a,b\n1,"2"x\n', "line 2: expected CSV: "),
        (b"a,b\n" + b"x" * 200_000, "line 2: expected CSV: field larger than field limit"),
        (b"a" * 200_000, "line 1: expected CSV: field larger than field limit"),
        (b"a,b\n1,caf\xe9\n", "line 2, character 6: expected UTF-8, got the byte 0xe9"),
        (b"a,b\r1,2\r3,\xff\r", "line 3, character 3: expected UTF-8, got the byte 0xff"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: expected CSV in UTF-8, got UTF-16"),
        (b"PK\x03\x04...", "line 1: expected CSV in UTF-8, got a workbook"),
        (b"\x1f\x8b...", "line 1: expected CSV in UTF-8, got a compressed file"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(TableError) as refused:
        _read(content)
    assert str(refused.value).startswith(said)


@given(st.binary(max_size=60))
def test_whatever_the_bytes_they_are_a_table_or_refused(content: bytes) -> None:
    try:
        assert all(isinstance(each, dict) for _, each in _read(content))
    except TableError as refused:
        assert "expected" in str(refused)  # noqa: PT017 - either is right
