"""Keys are proved by their hash alone, and a service is never open by oversight."""

from pathlib import Path

import pytest
from fastapi import HTTPException
from pydantic import ValidationError

from shared.auth import ALL_SCOPES, ApiKey, Keyring, NoKeysError, bearer, new_key
from shared.settings import HttpSettings

TOKEN, DIGEST = new_key()
SENDER = ApiKey(name="sender", sha256=DIGEST, scopes=frozenset({"events"}), source=None)


def keys_file(path: Path, text: str) -> HttpSettings:
    (path / "keys.yaml").write_text(text)
    return HttpSettings(auth_keys_file=str(path / "keys.yaml"))


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


def test_switched_off_by_name_anyone_may_do_anything() -> None:
    keyring = Keyring.from_settings(HttpSettings(auth="off"))
    assert keyring.caller(None, "clock").scopes == ALL_SCOPES


def test_without_keys_and_without_being_switched_off_it_refuses() -> None:
    with pytest.raises(NoKeysError, match="set AUTH_KEYS_FILE to a keys file, or AUTH=off"):
        Keyring.from_settings(HttpSettings())


def test_a_keys_file_is_read_with_scopes_and_source(tmp_path: Path) -> None:
    text = f"keys:\n  - {{name: a, sha256: {DIGEST}, scopes: [events, clock], source: /core}}\n"
    holder = Keyring.from_settings(keys_file(tmp_path, text)).holder(TOKEN)
    assert holder is not None
    assert (holder.source, sorted(holder.scopes)) == ("/core", ["clock", "events"])


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (f"{{name: a, sha256: {TOKEN}, scopes: [events]}}", "sha256"),
        (f"{{name: a, sha256: {DIGEST}, scopes: [everything]}}", "scopes"),
        (f"{{name: a, sha256: {DIGEST}, scopes: []}}", "scopes"),
        (f"{{name: a, sha256: {DIGEST}, scopes: [events], sources: /x}}", "sources"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entry: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=f"keys.0.{wrong}"):
        Keyring.from_settings(keys_file(tmp_path, f"keys:\n  - {entry}\n"))


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Keyring.from_settings(keys_file(tmp_path, "keys: []\n"))


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
