"""The demo's chief presses the button behind the first link that is handed up, as a form does, and no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from deploy.local.demo.chief import NAME, Chief
from deploy.local.demo.people import CHIEF, OFFICERS
from deploy.local.demo.settling import DemoFailedError
from services.notifier.core.message import Purpose
from shared.warnings import Kind, Level
from tests.unit.deploy.demo.changes import change
from tests.unit.deploy.demo.letters import letter

RED = change("a", Kind.RAISED, Level.RED)


@asynccontextmanager
async def _pages(port: int, status: int) -> AsyncIterator[list[tuple[str, str]]]:
    """Stands for the notifier's pages, and yields what was pressed there and by whom."""
    pressed: list[tuple[str, str]] = []

    async def press(request: web.Request) -> web.Response:
        pressed.append((request.path, str((await request.post())["by"])))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/{token}", press)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield pressed
    finally:
        await runner.cleanup()


async def test_the_first_warning_that_is_handed_up_is_answered_for_once(free_port: int) -> None:
    chief, url = Chief(), f"http://127.0.0.1:{free_port}"
    chief.hear(letter(OFFICERS, 1.0, [RED], url=f"{url}/officers"))
    chief.hear(letter(CHIEF, 2.0, [RED]))
    first = letter(CHIEF, 3.0, [RED], Purpose.ESCALATION, f"{url}/first")
    chief.hear(first)
    chief.hear(letter(CHIEF, 4.0, [RED], Purpose.ESCALATION, f"{url}/second"))
    async with _pages(free_port, 202) as pressed, aiohttp.ClientSession() as session:
        await chief.answer(session)

    assert pressed == [("/first", NAME)]
    assert chief.pressed is not None
    assert chief.pressed.letter is first


async def test_a_button_that_is_of_no_use_is_told(free_port: int) -> None:
    chief = Chief()
    chief.hear(letter(CHIEF, 1.0, [RED], Purpose.ESCALATION, f"http://127.0.0.1:{free_port}/x"))
    async with _pages(free_port, 410), aiohttp.ClientSession() as session:
        with pytest.raises(DemoFailedError, match=r"to be taken \(202\), got 410"):
            await chief.answer(session)

    assert chief.pressed is None
