"""Keys are proved by their hash alone."""

import pytest
from fastapi import HTTPException

from shared.auth import ApiKey, Keyring, bearer, new_key

TOKEN, DIGEST = new_key()
SENDER = ApiKey(name="sender", sha256=DIGEST, scopes=frozenset({"events"}), source=None)


def test_only_the_token_itself_proves_a_key() -> None:
    keyring = Keyring([SENDER])
    assert keyring.holder(TOKEN) == SENDER
    for wrong in (None, "", TOKEN[:-1], TOKEN + " ", DIGEST):
        assert keyring.holder(wrong) is None


def test_no_key_is_401_and_a_key_without_the_scope_403() -> None:
    keyring = Keyring([SENDER])
    assert keyring.caller(TOKEN, "events") == SENDER
    with pytest.raises(HTTPException) as unknown:
        keyring.caller("wrong", "events")
    with pytest.raises(HTTPException, match="lacks the scope 'warnings'") as forbidden:
        keyring.caller(TOKEN, "warnings")
    assert (unknown.value.status_code, forbidden.value.status_code) == (401, 403)
    assert unknown.value.headers == {"WWW-Authenticate": "Bearer"}


def test_keys_that_take_the_place_of_others_leave_nothing_of_them() -> None:
    keyring = Keyring([SENDER])
    keyring.use([SENDER.model_copy(update={"sha256": new_key()[1]})])
    assert keyring.holder(TOKEN) is None


def test_made_keys_differ_and_are_stored_as_a_hash_alone() -> None:
    other_token, other_digest = new_key()
    assert other_token != TOKEN
    assert other_digest != DIGEST
    assert TOKEN not in DIGEST


@pytest.mark.parametrize(
    ("header", "token"),
    [(None, None), ("", None), ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", None), ("Bearer", "")],
)
def test_a_bearers_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    assert bearer(header) == token
