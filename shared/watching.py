"""Files that change while a service runs, looked at again and again, and at once on SIGHUP."""

import asyncio
import hashlib
import signal
from pathlib import Path
from typing import Protocol

WATCH_SECONDS = 3.0
"""Mounted files change without a word, and notifications of file systems miss what is swapped in by a link."""


class Watched(Protocol):
    """Something read from files."""

    def changed(self) -> bool:
        """Whether a file is not what was last read, whatever came of that. It may block: it is asked in a thread."""
        ...

    def refresh(self) -> None:
        """Read the files again, and go on with what they say or as before. It raises nothing."""
        ...


class Watching:
    """Background work for `shared.run.serve`. There is one of it in a process: a signal has one handler."""

    def __init__(self, *watched: Watched, seconds: float = WATCH_SECONDS) -> None:
        self._watched = watched
        self._seconds = seconds
        self._hurry = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hurry.set)
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._look(stopping)
        finally:
            stopping.cancel()
            loop.remove_signal_handler(signal.SIGHUP)

    async def _look(self, stopping: "asyncio.Task[bool]") -> None:
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({stopping, hurried}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        asked = self._hurry.is_set()
        self._hurry.clear()
        for each in self._watched:
            if not stopping.done() and (asked or await asyncio.to_thread(each.changed)):
                each.refresh()


def digest_of(path: str | Path) -> str | None:
    """SHA-256 of a file's bytes in hex; None where it cannot be read."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
