"""Only whoever has a secret can make a token, and only what it was made for comes out of it."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.tokens import ExpiredTokenError, Link, WrongTokenError, press_id, proven, signed

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
OLD, NEW = b"the old secret", b"the new secret"
LINK = Link(UUID(int=7), "branch-kano", AT + WEEK)

links = st.builds(
    Link,
    warning_id=st.uuids(),
    receiver=st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
    expires_at=st.integers(0, 5_000_000_000).map(lambda seconds: AT + timedelta(seconds=seconds)),
)


@settings(max_examples=50)
@given(links, st.binary(min_size=1, max_size=64))
def test_what_was_signed_comes_out_again_until_it_ends(link: Link, secret: bytes) -> None:
    token = signed(link, secret)
    assert proven(token, [secret], link.expires_at - timedelta(microseconds=1)) == link
    with pytest.raises(ExpiredTokenError, match="ended at"):
        proven(token, [secret], link.expires_at)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_secret_that_is_replaced_is_good_for_old_links_while_it_is_named() -> None:
    old, new = signed(LINK, OLD), signed(LINK, NEW)
    assert proven(old, [NEW, OLD], AT) == proven(new, [NEW, OLD], AT) == LINK
    with pytest.raises(WrongTokenError):
        proven(old, [NEW], AT)
    with pytest.raises(WrongTokenError):
        proven(new, [], AT)


@settings(max_examples=100)
@given(st.data())
def test_a_token_changed_anywhere_proves_nothing(data: st.DataObject) -> None:
    token = signed(LINK, NEW)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(max_codepoint=0x2000).filter(lambda each: each != token[place]))
    with pytest.raises(WrongTokenError):
        proven(token[:place] + letter + token[place + 1 :], [NEW, OLD], AT)
    with pytest.raises(WrongTokenError):
        proven(token[:place] + token[place + 1 :], [NEW, OLD], AT)


@settings(max_examples=100)
@given(st.text(max_size=300) | st.binary(max_size=90).map(lambda each: base64.urlsafe_b64encode(each).decode()))
def test_what_nobody_signed_proves_nothing(token: str) -> None:
    with pytest.raises(WrongTokenError):
        proven(token, [NEW], AT)


@settings(max_examples=50)
@given(links, links)
def test_the_signature_of_one_link_is_of_no_use_to_another(one: Link, other: Link) -> None:
    if one != other:
        forged = f"{signed(one, NEW).partition('.')[0]}.{signed(other, NEW).partition('.')[2]}"
        with pytest.raises(WrongTokenError):
            proven(forged, [NEW], AT)


def test_padding_and_other_ways_of_writing_it_are_refused() -> None:
    token = signed(LINK, NEW)
    for other in (f"{token}=", f"{token}.", f" {token}", token.replace(".", "=."), token + "A" * 1_000, "", "."):
        with pytest.raises(WrongTokenError):
            proven(other, [NEW], AT)


def test_a_link_pressed_again_gives_the_same_acknowledgement() -> None:
    assert press_id(signed(LINK, NEW)) == press_id(signed(LINK, NEW))
    assert press_id(signed(LINK, NEW)) != press_id(signed(Link(UUID(int=8), "branch-kano", AT + WEEK), NEW))
