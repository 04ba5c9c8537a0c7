"""What is sealed opens with its key, for its borrower, and not otherwise."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.store.sealing import KeysError, Sealer, SealError

OLD, NEW = (base64.b64encode(bytes([each]) * 32).decode() for each in (1, 2))


def _sealer(text: str) -> Sealer:
    found = Sealer.from_text(text)
    assert found is not None
    return found


@given(st.text(max_size=40), st.binary(max_size=200))
@settings(max_examples=50)
def test_what_is_sealed_opens_for_its_borrower_alone(borrower: str, plain: bytes) -> None:
    sealer = _sealer(f"a:{NEW}")
    sealed = sealer.seal(borrower, plain)
    assert sealer.open(borrower, sealed) == plain
    assert len(plain) < 8 or plain not in sealed
    with pytest.raises(SealError):
        sealer.open(borrower + "x", sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=50)
def test_one_bit_changed_and_it_does_not_open(place: int, change: int) -> None:
    sealer = _sealer(f"a:{NEW}")
    sealed = bytearray(sealer.seal("B-1", b"+2348012345678"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealError):
        sealer.open("B-1", bytes(sealed))


def test_the_same_is_never_sealed_the_same_way() -> None:
    sealer = _sealer(f"a:{NEW}")
    sealed = [sealer.seal("B-1", b"x") for _ in range(3)]
    assert all(one != other for one, other in pairwise(sealed))


def test_a_new_key_seals_while_the_old_one_still_opens() -> None:
    before, both, after = _sealer(f"old:{OLD}"), _sealer(f"new:{NEW}\nold:{OLD}\n"), _sealer(f"new:{NEW}")
    assert both.open("B-1", before.seal("B-1", b"x")) == b"x"
    assert after.open("B-1", both.seal("B-1", b"x")) == b"x"
    with pytest.raises(SealError, match="not among the contact keys"):
        after.open("B-1", before.seal("B-1", b"x"))


def test_no_keys_are_no_sealer() -> None:
    assert Sealer.from_text(" \n") is None


@pytest.mark.parametrize("text", ["a:short", f"{NEW}", f"a b:{NEW}", f"a:{NEW},a:{OLD}", f"a:{NEW},b:!!!"])
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(KeysError) as found:
        Sealer.from_text(text)
    assert NEW not in str(found.value)
