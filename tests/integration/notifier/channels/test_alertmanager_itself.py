"""Alertmanager's channel against Alertmanager, where one is installed: it judges what it is posted, and keeps it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.local.ports import free_port
from services.notifier.channels.alertmanager.channel import Alertmanager
from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Delivered
from shared.warnings import Level, WarningChange
from tests.changes import change, recovery
from tests.channels import LOOPBACK, message, sent, several

BINARY = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
SECONDS = 20.0

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs an alertmanager on the PATH")


async def _get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            await _get(f"{url}/api/v2/status")
        except aiohttp.ClientError:
            await asyncio.sleep(0.02)
        else:
            return
    raise RuntimeError(f"alertmanager ended with {process.returncode} instead of starting")


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A running Alertmanager's address."""
    assert BINARY is not None
    (tmp_path / "alertmanager.yaml").write_text(CONFIG)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        BINARY,
        f"--config.file={tmp_path / 'alertmanager.yaml'}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            await _ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _now(told: Message) -> Message:
    now = datetime.now(UTC)

    def moved(each: WarningChange) -> WarningChange:
        return each.model_copy(update={"at": now, "raised_at": now - timedelta(minutes=5)})

    others = tuple(moved(each) for each in told.others)
    return replace(told, change=moved(told.change), others=others, created_at=now, sent_at=now)


async def _told(url: str, given: Message) -> None:
    settings = {"channel": "alertmanager", "urls": [url], "allow_networks": LOOPBACK}
    assert isinstance(await sent(Alertmanager(AlertmanagerSettings.model_validate(settings)), _now(given)), Delivered)


async def _firing(url: str) -> list[tuple[str, str]]:
    found = await _get(f"{url}/api/v2/alerts?active=true")
    return sorted((each["labels"]["severity"], each["labels"]["borrower_id"]) for each in found)


async def test_it_takes_a_group_and_lets_go_of_what_has_cleared(url: str) -> None:
    other = change(2, level=Level.RED).model_copy(update={"borrower_id": "B-2"})
    await _told(url, several(other, common={"branch": "Kano"}, acknowledge_url="https://b.example/a?t=1"))
    both = await _firing(url)
    await _told(url, message(recovery()))

    assert both == [("red", "B-2"), ("yellow", "TEST-0001")]
    assert await _firing(url) == [("red", "B-2")]


@pytest.mark.parametrize("purpose", [Purpose.HEARTBEAT, Purpose.TEST])
async def test_a_proof_of_the_path_is_taken_and_nothing_fires(url: str, purpose: Purpose) -> None:
    await _told(url, replace(message(), purpose=purpose))

    assert await _get(f"{url}/api/v2/alerts?active=true") == []
