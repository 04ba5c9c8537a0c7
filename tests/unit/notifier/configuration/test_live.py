"""Another configuration takes the place of the one that holds, whole or not at all."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import Configuration, ConfigurationError
from services.notifier.configuration.live import Live
from services.notifier.metrics import Metrics
from shared.clock import WallClock
from shared.watching import Watching
from tests.sink import SECRET
from tests.waiting import until

ONE = "receivers: {journal: {channel: log}}\nroutes: [{receivers: [journal]}]\n"
TWO = "receivers: {journal: {channel: log}, other: {channel: log}}\nroutes: [{receivers: [journal, other]}]\n"
BAD = "receivers:\n  journal: {channel: pigeon}\nroutes: [{receivers: [journal]}]\n"
HOOK = """
receivers: {{hook: {{channel: webhook, url: "https://example.com/", secrets: [{{secret_file: {path}}}]}}}}
routes: [{{receivers: [hook]}}]
"""


class House:
    """A configuration that holds, and who heard of the next."""

    def __init__(self, path: Path, text: str = ONE) -> None:
        path.write_text(text)
        self.path = path
        self.registry = CollectorRegistry()
        self.live = Live(path, clock=WallClock(), metrics=Metrics(self.registry))
        self.heard: list[Configuration] = []
        self.live.use(self.heard.append)

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"bellwether_notifier_config_{name}")

    async def watched(self, change: Callable[[], None], then: Callable[[], object]) -> None:
        stop = asyncio.Event()
        watching = asyncio.create_task(Watching(self.live, seconds=0.01).run(stop))
        change()
        await until(then, seconds=10)
        stop.set()
        await watching


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "notifier.yaml")


def test_everyone_hears_of_a_good_text(house: House) -> None:
    before = house.live.digest
    house.path.write_text(TWO)
    house.live.reload()

    assert [list(each.receivers) for each in house.heard] == [["journal", "other"]]
    assert house.live.configuration is house.heard[0]
    assert house.live.digest != before
    assert house.gauge("last_reload_successful") == 1


def test_a_bad_text_is_refused_with_its_place_and_the_one_before_holds(house: House) -> None:
    before, since = house.live.configuration, house.gauge("reloaded_timestamp_seconds")
    house.path.write_text(BAD)
    with pytest.raises(ConfigurationError, match="line 2, column 22"):
        house.live.reload()

    assert house.live.configuration is before
    assert house.heard == []
    assert house.gauge("last_reload_successful") == 0
    assert house.gauge("reloaded_timestamp_seconds") == since
    [place] = house.live.last_reload.places
    assert (place.line, place.column) == (2, 22)
    assert "expected `channel`, one of" in place.message


def test_a_file_that_is_gone_is_refused_and_taken_again_once_it_is_back(house: House) -> None:
    house.path.unlink()
    with pytest.raises(ConfigurationError, match="No such file"):
        house.live.reload()
    house.path.write_text(ONE)
    house.live.reload()

    assert house.live.last_reload.places == []


def test_the_first_one_must_be_good(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        House(tmp_path / "notifier.yaml", BAD)


def test_a_receiver_whose_files_are_no_certificates_is_refused_before_anyone_hears_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK_SECRET", SECRET)
    hook = (
        "{channel: webhook, url: 'https://example.com/', secrets: [{secret_env: SINK_SECRET}], ca_file: /nowhere.pem}"
    )
    house.path.write_text(f"receivers:\n  hook: {hook}\nroutes: [{{receivers: [hook]}}]\n")
    with pytest.raises(ConfigurationError, match="line 2, column 3: cannot be opened"):
        house.live.reload()

    assert house.heard == []


async def test_a_file_that_changes_is_taken_without_being_asked(house: House) -> None:
    await house.watched(lambda: _written(house.path, TWO), lambda: house.heard)

    assert [len(each.receivers) for each in house.heard] == [2]


async def test_a_good_file_is_taken_after_a_bad_one(house: House) -> None:
    await house.watched(lambda: _written(house.path, BAD), lambda: house.live.last_reload.places)
    await house.watched(lambda: _written(house.path, TWO), lambda: house.heard)

    assert house.gauge("last_reload_successful") == 1


async def test_a_secret_that_changes_is_a_change_of_its_receiver(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    house = House(tmp_path / "notifier.yaml", HOOK.format(path=secret))
    before = house.live.configuration.receivers["hook"]
    await house.watched(lambda: _written(secret, "whsec_" + "b" * 32), lambda: house.heard)

    assert house.live.configuration.receivers["hook"] != before


async def test_a_signal_has_it_read_at_once_though_nothing_has_changed(house: House) -> None:
    def hang_up() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGHUP)

    await house.watched(hang_up, lambda: house.heard)

    assert house.heard == [house.live.configuration]


def _written(path: Path, text: str) -> None:
    path.write_text(text)
