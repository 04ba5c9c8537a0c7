"""How many parts a text message has, and how it is cut to so many."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.sms.segments import segments, within_segments

TEXT = st.text(st.sampled_from("ab é€^{预警😀\n"), max_size=600)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1), ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3),
        ("€" * 80, 1), ("€" * 81, 2), ("预" * 70, 1), ("预" * 71, 2), ("预" * 134, 2), ("预" * 135, 3),
        ("x" * 159 + "…", 3), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 67, 3),
    ],
)  # fmt: skip
def test_parts_are_counted_as_networks_count_them(text: str, expected: int) -> None:
    assert segments(text) == expected


def test_a_pair_of_units_is_never_cut_in_half() -> None:
    assert segments("x" + "€" * 152) == 2  # 1 + 304 = 305 septets, of which the first part holds 153
    assert segments("€" * 153) == 3  # 306 septets would fill two parts, but each has an odd one out


@settings(max_examples=60)
@given(TEXT, st.integers(1, 4))
def test_what_is_cut_travels_in_no_more_parts_than_are_paid_for(text: str, most: int) -> None:
    cut = within_segments(text, most)

    assert segments(cut) <= most
    assert cut == text or (cut.endswith("...") and text.startswith(cut.removesuffix("...")))


@settings(max_examples=60)
@given(TEXT, st.integers(1, 4))
def test_the_link_at_the_end_is_whole(text: str, most: int) -> None:
    tail = "\nI answer for it: https://bellwether.example/a?t=0123456789"
    cut = within_segments(text, most, tail)

    assert segments(cut) <= most
    assert cut.endswith(tail)


def test_a_link_there_is_no_room_for_is_left_out() -> None:
    assert within_segments("text", 1, "x" * 200) == "text"
