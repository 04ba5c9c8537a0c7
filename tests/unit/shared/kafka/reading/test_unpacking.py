"""What is compressed is unpacked exactly, or not beyond the bound, whatever it claims."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.reading.unpacking import MAX_UNPACKED_BYTES, TooLargeError, UnpackError, unpack
from tests.batches import CODECS

every_codec = pytest.mark.parametrize("codec", CODECS)


@given(st.binary(max_size=5_000), st.integers(1, 40), st.sampled_from(sorted(CODECS)))
def test_what_fits_comes_back_as_it_was(part: bytes, times: int, codec: str) -> None:
    number, encode = CODECS[codec]
    assert unpack(number, bytes(encode(part * times))) == part * times


@every_codec
def test_the_bound_itself_fits_and_a_byte_more_does_not(codec: str) -> None:
    number, encode = CODECS[codec]
    assert len(unpack(number, bytes(encode(bytes(100_000))), 100_000)) == 100_000
    with pytest.raises(TooLargeError, match="at most 100000 bytes"):
        unpack(number, bytes(encode(bytes(100_001))), 100_000)


@every_codec
def test_a_thousandfold_costs_no_more_memory_than_the_bound(codec: str) -> None:
    number, encode = CODECS[codec]
    bomb = bytes(encode(bytes(40_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpack(number, bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_UNPACKED_BYTES
    finally:
        tracemalloc.stop()


def test_a_snappy_block_that_only_claims_to_be_large_takes_no_memory() -> None:
    with pytest.raises(TooLargeError):
        unpack(2, b"\xff\xff\xff\xff\x0f" + b"x" * 20)


@given(
    st.integers(0, 7),
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x1f\x8b\x08", b"\x82SNAPPY\x00", b"\x28\xb5\x2f\xfd"]),
)
def test_any_other_bytes_are_an_error_in_plain_words(codec: int, rest: bytes, start: bytes) -> None:
    said = "expected nothing else"
    try:
        assert len(unpack(codec, start + rest)) <= MAX_UNPACKED_BYTES
    except UnpackError as error:
        said = str(error)
    assert said.startswith("expected ")


@every_codec
def test_what_was_cut_off_is_an_error(codec: str) -> None:
    number, encode = CODECS[codec]
    whole = bytes(encode(bytes(range(256)) * 40))
    with pytest.raises(UnpackError, match=f"expected {codec}"):
        unpack(number, whole[: len(whole) // 2])
