"""A keys file is taken whole or refused, a service is never open by oversight, and no message shows its content."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from shared.auth import ALL_SCOPES, NoKeysError, new_key
from shared.keys_file import KeysFileError, open_keys, parsed
from shared.settings import HttpSettings
from shared.watching import Watching
from tests.waiting import until

TOKEN, DIGEST = new_key()
OTHER_TOKEN, OTHER_DIGEST = new_key()


def entry(name: str, digest: str, rest: str = "") -> str:
    return f"  - {{name: {name}, sha256: {digest}, scopes: [events]{rest}}}\n"


def document(*entries: str) -> str:
    return "keys:\n" + "".join(entries)


BOTH = document(entry("core", DIGEST), entry("branch", OTHER_DIGEST))
CORE_ALONE = document(entry("core", DIGEST))


class House:
    """A keys file that a service runs with."""

    def __init__(self, path: Path, text: str = BOTH) -> None:
        path.write_text(text)
        self.path = path
        self.registry = CollectorRegistry()
        self.keyring, self._watched = open_keys(HttpSettings(auth_keys_file=str(path)), self.registry)

    @property
    def refused(self) -> float | None:
        return self.registry.get_sample_value("bellwether_keys_refused")

    def opens(self, token: str) -> bool:
        return self.keyring.holder(token) is not None

    async def watched(self, change: Callable[[], object], then: Callable[[], object], seconds: float = 0.01) -> None:
        stop = asyncio.Event()
        watching = asyncio.create_task(Watching(*self._watched, seconds=seconds).run(stop))
        change()
        await until(then, seconds=10)
        stop.set()
        await watching


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "keys.yaml")


async def test_a_key_taken_out_of_the_file_stops_working_and_the_others_go_on(house: House) -> None:
    await house.watched(lambda: house.path.write_text(CORE_ALONE), lambda: not house.opens(OTHER_TOKEN))
    assert house.opens(TOKEN)


async def test_a_signal_has_the_file_read_at_once(house: House) -> None:
    def change() -> None:
        house.path.write_text(CORE_ALONE)
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGHUP)

    await house.watched(change, lambda: not house.opens(OTHER_TOKEN), seconds=600)


@pytest.mark.parametrize("text", ["", "keys: []\n", "keys: [\n", document(entry("core", TOKEN)), None])
async def test_a_wrong_file_leaves_the_old_keys_and_is_logged_and_measured_until_a_good_one_comes(
    house: House, text: str | None
) -> None:
    assert house.refused == 0
    with capture_logs() as logs:
        await house.watched(
            lambda: house.path.unlink() if text is None else house.path.write_text(text), lambda: house.refused
        )
    assert [each["event"] for each in logs] == ["keys.refused"]
    assert TOKEN not in str(logs)
    assert house.opens(TOKEN)
    assert house.opens(OTHER_TOKEN)

    await house.watched(lambda: house.path.write_text(CORE_ALONE), lambda: not house.opens(OTHER_TOKEN))
    assert house.refused == 0


def test_switched_off_by_name_anyone_may_do_anything_and_nothing_is_watched() -> None:
    keyring, watched = open_keys(HttpSettings(auth="off"), CollectorRegistry())
    assert keyring.caller(None, "clock").scopes == ALL_SCOPES
    assert not watched


def test_without_keys_and_without_being_switched_off_it_refuses() -> None:
    with pytest.raises(NoKeysError, match="set AUTH_KEYS_FILE to a keys file, or AUTH=off"):
        open_keys(HttpSettings(), CollectorRegistry())


def test_a_file_that_is_not_there_is_told_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(NoKeysError, match=r"AUTH_KEYS_FILE: expected the name of a keys file: No such file"):
        open_keys(HttpSettings(auth_keys_file=str(tmp_path / "nowhere.yaml")), CollectorRegistry())


def test_a_key_is_read_with_its_scopes_and_source() -> None:
    (key,) = parsed(document(entry("a", DIGEST, ", source: /core")).encode())
    assert (key.name, key.source, sorted(key.scopes)) == ("a", "/core", ["events"])


WRONG: dict[str, tuple[str, str]] = {
    "a token in the hash's place": (document(entry("a", TOKEN)), "keys.0.sha256: String should match"),
    "a token for a name of a field": (document(f"  - {{{TOKEN}: a}}\n"), "keys.0: expected no fields but name, sha256"),
    "a token for a list": (f"keys: {TOKEN}\n", "keys: expected a valid list"),
    "a token alone": (f"{TOKEN}\n", "the file: expected a valid dictionary"),
    "a token beside the keys": (CORE_ALONE + f"{TOKEN}: 1\n", "the file: expected no fields but keys"),
    "a token in broken YAML": (f"keys:\n  - name: [{TOKEN}\n", "line 3, column 1: expected YAML: "),
    "a day that is none": ("keys: [2026-13-45]\n", "line 1, column 8: expected YAML: "),
    "deep nesting": ("[" * 5_000, "expected YAML"),
    "an unknown scope": (document(entry("a", DIGEST).replace("events", "everything")), "keys.0.scopes"),
    "no scope": (document(entry("a", DIGEST).replace("events", "")), "keys.0.scopes: Frozenset should have at least 1"),
    "a name with a NUL": (document(entry('"a\\0"', DIGEST)), "line 2, column 12: expected YAML: expected printable"),
    "one name twice": (document(entry("a", DIGEST), entry("a", OTHER_DIGEST)),
                       "keys.1.name: expected one of its own, keys.0 has the same"),
    "one hash twice": (document(entry("a", DIGEST), entry("b", DIGEST)),
                       "keys.1.sha256: expected one of its own, keys.0 has the same"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_says_what_was_expected_where_and_not_what_was_there(text: str, expected: str) -> None:
    with pytest.raises(KeysFileError) as refused:
        parsed(text.encode())
    assert expected in str(refused.value)
    assert TOKEN not in str(refused.value)
