"""The one person of the demo who answers: for the first warning that is handed up, by the link in the message."""

import asyncio
from dataclasses import dataclass
from time import monotonic

import aiohttp

from deploy.local.demo.deliveries import Letter
from deploy.local.demo.people import CHIEF
from deploy.local.demo.settling import DemoFailedError
from services.notifier.core.message import Purpose

NAME = "the chief of credit"


@dataclass(frozen=True, slots=True)
class Press:
    """The button behind a letter's link, pressed."""

    letter: Letter
    at: float


class Chief:
    """Hears every letter, and presses the button of one. `pressed` is None until the notifier has taken that."""

    def __init__(self) -> None:
        self.pressed: Press | None = None
        self._handed_up: asyncio.Queue[Letter] = asyncio.Queue()

    def hear(self, letter: Letter) -> None:
        """Look at a letter, whoever got it."""
        if letter.receiver == CHIEF and letter.purpose is Purpose.ESCALATION and letter.acknowledge_url is not None:
            self._handed_up.put_nowait(letter)

    async def answer(self, session: aiohttp.ClientSession) -> None:
        """Wait for the first warning that is handed up, and answer for it as the page's button does.

        Raises DemoFailedError where the button is of no use.
        """
        letter = await self._handed_up.get()
        async with session.post(str(letter.acknowledge_url), data={"by": NAME}) as response:
            if response.status != 202:
                raise DemoFailedError(f"expected an acknowledgement link to be taken (202), got {response.status}")
        self.pressed = Press(letter, monotonic())
