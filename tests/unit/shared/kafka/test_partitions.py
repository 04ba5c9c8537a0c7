"""A borrower's partition is the one every JVM client would choose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.partitions import partition_of


# The hashes are those of Apache Kafka's own UtilsTest.testMurmur2.
@pytest.mark.parametrize(
    ("key", "java_hash"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_javas(key: bytes, java_hash: int) -> None:
    for partitions in (1, 4, 7, 1000):
        assert partition_of(key, partitions) == (java_hash & 0x7FFFFFFF) % partitions


@given(st.binary(), st.integers(1, 1000))
def test_there_is_always_such_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
