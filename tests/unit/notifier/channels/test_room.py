"""What is cut is cut to size, and never inside a character."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.room import CUT, fitting, within_bytes, within_characters

Most = st.integers(min_value=3, max_value=200)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, Most)
def test_bytes_are_counted_in_utf_8(text: str, most: int) -> None:
    cut = within_bytes(text, most)

    assert len(cut.encode()) <= most
    assert cut == text or (cut.endswith(CUT) and text.startswith(cut.removesuffix(CUT)))


@given(TEXT, Most)
def test_no_more_is_cut_than_must_be(text: str, most: int) -> None:
    cut = within_bytes(text, most)

    assert (cut == text) == (len(text.encode()) <= most)
    assert cut == text or len(cut.encode()) > most - 4


@given(TEXT, Most)
def test_characters_are_counted_as_python_does(text: str, most: int) -> None:
    assert len(within_characters(text, most)) == min(len(text), most)


@given(TEXT, st.integers(min_value=20, max_value=200))
def test_a_body_is_cut_until_it_fits_however_its_format_swells_it(text: str, most: int) -> None:
    body = fitting(lambda room: msgspec.json.encode({"text": within_bytes(text, room)}), most)

    assert len(body) <= most
    assert msgspec.json.decode(body)["text"].removesuffix(CUT) in text


def test_a_body_that_is_too_long_without_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a message of at most 3 bytes, got 5"):
        fitting(lambda room: b"fixed" + b"x" * room, 3)
