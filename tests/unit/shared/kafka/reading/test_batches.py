"""Whatever bytes a fetch holds, each record is given once, or what cannot be read stands in its place."""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.util import NO_EXTENSIONS
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.reading import REASONS, UnreadableRecord
from shared.kafka.reading.batches import Batches
from shared.kafka.reading.fetching import PartitionRecords
from shared.kafka.reading.records import HEAD_BYTES, Broken
from shared.kafka.reading.unpacking import MAX_UNPACKED_BYTES
from tests.batches import CODECS, batch_of, sealed

BAD = "\udcff\udcfe"
TOPIC = TopicPartition("t", 0)


def fetched(raw: bytes, at: int = 0) -> tuple[list[Any], int]:
    """What aiokafka's fetcher makes of a partition's part of a fetch from `at` on, and where it goes on."""
    records = PartitionRecords(TOPIC, Batches(raw), [], at, None, None, True, 0)
    found = list(records)
    return found, records.next_fetch_offset


def everything(*log: bytes) -> list[Any]:
    """All that a log of batches holds, fetch by fetch: a broker begins with the batch of the offset asked for."""
    starts = [int.from_bytes(each[:8], "big") for each in log]
    found: list[Any] = []
    at = 0
    for _ in range(3 * len(log)):
        first = max((number for number, start in enumerate(starts) if start <= at), default=0)
        more, at = fetched(b"".join(log[first:]), at)
        found += more
    return found


def texts(records: list[Any]) -> list[Any]:
    return [(each.offset, each.reason if isinstance(each, UnreadableRecord) else each.value) for each in records]


@pytest.mark.parametrize("codec", [None, *CODECS])
def test_a_header_whose_name_is_no_text_costs_that_record_and_no_other(codec: str | None) -> None:
    records = [(b"k", b"%d" % number, [("n", b"1"), (BAD if number in (1, 3) else "m", None)]) for number in range(5)]
    found, after = fetched(batch_of(records, first_offset=10, codec=codec), 10)

    assert texts(found) == [(10, b"0"), (11, "header_name"), (12, b"2"), (13, "header_name"), (14, b"4")]
    assert (found[1].key, found[1].value, found[1].headers) == (b"k", b"1", (("n", b"1"), (r"\xff\xfe", None)))
    assert found[1].detail == r"expected the names of headers in UTF-8, got \xff\xfe"
    assert [each.timestamp for each in found] == [1_000, 1_001, 1_002, 1_003, 1_004]
    assert after == 15


def test_a_record_without_key_value_or_headers_is_a_record() -> None:
    found, _ = fetched(batch_of([(None, None, []), (b"", b"", [("", None)]), (None, None, [(BAD, b"")])]))
    assert [(each.key, each.value) for each in found] == [(None, None), (b"", b""), (None, None)]


def test_a_fetch_that_begins_inside_a_batch_gives_what_is_behind_that() -> None:
    raw = batch_of([(None, b"%d" % number, [(BAD, b"")] if number == 2 else []) for number in range(4)])
    assert texts(fetched(raw, 1)[0]) == [(1, b"1"), (2, "header_name"), (3, b"3")]
    assert texts(fetched(raw, 3)[0]) == [(3, b"3")]


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_is_one_unreadable_record_with_its_offsets_and_what_follows_it_is_read(codec: str) -> None:
    bomb = batch_of([(None, bytes(20_000_000), []), (None, b"x", [])], first_offset=1, codec=codec)
    before, after = batch_of([(None, b"before", [])]), batch_of([(None, b"after", [])], first_offset=3)

    found = everything(before, bomb, after)

    assert texts(found) == [(0, b"before"), (2, "unpacks_too_large"), (3, b"after")]
    assert (found[1].first_offset, found[1].value) == (1, bomb)
    assert found[1].detail.endswith(f"at most {MAX_UNPACKED_BYTES} bytes; it unpacks to more (offsets 1 to 2)")


def test_one_fetch_unpacks_no_more_than_a_batch_beyond_the_bound() -> None:
    large = [batch_of([(None, bytes(6_000_000), [])], first_offset=each, codec="zstd") for each in range(5)]
    assert [len(fetched(b"".join(large[at:]), at)[0]) for at in range(5)] == [2, 2, 2, 2, 1]
    assert [each.offset for each in everything(*large)] == [0, 1, 2, 3, 4]


def test_a_wrong_checksum_is_fetched_again_and_then_told() -> None:
    raw = batch_of([(None, b"a", []), (None, b"b", [])])
    flipped = raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:]
    behind = batch_of([(None, b"c", [])], first_offset=2)

    assert fetched(flipped + behind) == ([], 0)
    assert texts(fetched(raw + behind)[0]) == [(0, b"a"), (1, b"b"), (2, b"c")]  # it was the wire
    found, after = fetched(flipped + behind)

    assert texts(found) == [(1, "wrong_checksum"), (2, b"c")]
    assert (found[0].first_offset, found[0].value, after) == (0, flipped, 3)


@pytest.mark.parametrize("magic", [3, 127, -1])
def test_a_batch_of_an_unknown_format_is_told(magic: int) -> None:
    raw = batch_of([(None, b"a", []), (None, b"b", [])])
    strange = raw[:16] + struct.pack(">b", magic) + raw[17:]
    found = everything(strange, batch_of([(None, b"c", [])], first_offset=2))
    assert [each for each in texts(found) if each[0] == 2] == [(2, b"c")]
    assert texts(found)[0][1] == "unreadable_batch"


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_an_unknown_codec_is_told(codec: int) -> None:
    raw = batch_of([(None, b"a", [])])
    found, _ = fetched(sealed(raw[:21] + struct.pack(">h", codec) + raw[23:HEAD_BYTES], raw[HEAD_BYTES:]))
    assert found[0].detail == (
        f"expected compression by gzip, snappy, lz4 or zstd; got the codec {codec} (offsets 0 to 0)"
    )


@pytest.mark.parametrize("magic", [0, 1])
def test_a_record_of_an_old_format_is_read_and_a_compressed_one_is_told(magic: Any) -> None:
    plain, packed = (LegacyRecordBatchBuilder(magic, codec, 10_000) for codec in (0, 1))
    for each in (plain, packed):
        each.append(0, 1_000, b"k", b"old")
    assert texts(fetched(bytes(plain.build()))[0]) == [(0, b"old")]
    assert texts(fetched(bytes(packed.build()))[0]) == [(0, "unreadable_batch")]


@given(st.lists(st.none() | st.binary(max_size=9), min_size=1, max_size=4), st.data())
def test_whatever_bytes_the_records_are_all_offsets_are_told_in_order_and_once(
    values: list[bytes | None], data: st.DataObject
) -> None:
    raw = bytearray(batch_of([(b"%d" % place, value, [("name", b"v")]) for place, value in enumerate(values)]))
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(HEAD_BYTES, len(raw) - 1))] = data.draw(st.integers(0, 255))
    broken = sealed(bytes(raw[:HEAD_BYTES]), bytes(raw[HEAD_BYTES:]), codec=data.draw(st.sampled_from([None, *CODECS])))

    found, after = fetched(broken)

    assert after == len(values)
    assert sorted({each.offset for each in found}) == [each.offset for each in found]
    assert all(each.reason in REASONS for each in found if isinstance(each, UnreadableRecord))
    if all(each.key == b"%d" % each.offset for each in Batches(broken).next_batch() if type(each) is not Broken):
        # Else a record says that it is another one, which a broker that checks what it stores never takes.
        assert {number for each in found for number in _covered(each)} == set(range(len(values)))


def _covered(record: Any) -> Iterator[int]:
    first = getattr(record, "first_offset", None)
    yield from range(record.offset if first is None else first, record.offset + 1)


@pytest.mark.skipif(NO_EXTENSIONS, reason="this is that run")
def test_all_this_holds_for_aiokafkas_parser_in_python_too() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3_000:]
    assert " passed, 1 skipped" in run.stdout
