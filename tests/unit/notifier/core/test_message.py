"""Ids of deliveries, and foreign texts made safe."""

from uuid import UUID

from services.notifier.core.message import delivery_id
from services.notifier.core.verdict import SHOWN_CHARACTERS, shown

CHANGE = UUID(int=1)


def test_the_same_change_to_the_same_receiver_has_the_same_id_for_ever() -> None:
    assert delivery_id(CHANGE, "hook") == UUID("22a84a99-9586-5445-afd2-a638bb85b1b9")


def test_another_receiver_or_another_change_has_another_id() -> None:
    assert len({delivery_id(CHANGE, "hook"), delivery_id(CHANGE, "mail"), delivery_id(UUID(int=2), "hook")}) == 3


def test_a_foreign_text_is_cut_and_holds_nothing_a_database_refuses() -> None:
    assert shown(b"a\x00\xff" + b"x" * 100_000).startswith("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x")
    assert len(shown("x" * 100_000)) == SHOWN_CHARACTERS
