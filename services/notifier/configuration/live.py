"""The configuration that holds, and how another takes its place while the notifier runs."""

import asyncio
import hashlib
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from services.notifier.configuration.document import ConfigurationError, Place
from services.notifier.configuration.reading import Sources, load
from services.notifier.configuration.sections import Configuration
from services.notifier.metrics import Metrics
from shared.clock import Clock

log = structlog.get_logger(__name__)

WATCH_SECONDS = 3.0
"""Mounted files change without a word, and notifications of file systems miss what is swapped in by a link."""


@dataclass(frozen=True, slots=True)
class LastReload:
    """How the latest try to read the file went."""

    at: datetime
    places: Sequence[Place]
    """The mistakes; none where it was taken."""


class Live:
    """Holds the configuration. Raises ConfigurationError where the first one is none.

    A text is read and judged whole before anyone hears of it. A bad one changes nothing: the one before holds on.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        metrics: Metrics,
        watch_seconds: float = WATCH_SECONDS,
        fit: Callable[[Configuration], None] = lambda _: None,
    ) -> None:
        """`fit` raises ConfigurationError for what this process cannot serve."""
        self._fit = fit
        self._path = path
        self._clock = clock
        self._metrics = metrics
        self._watch_seconds = watch_seconds
        self._sources: Sources = {}
        self._users: list[Callable[[Configuration], None]] = []
        self._hurry = asyncio.Event()
        self._taken(self._read())

    @property
    def configuration(self) -> Configuration:
        """The one that holds. Ask again each time."""
        return self._configuration

    @property
    def digest(self) -> str:
        """SHA-256 of the text that holds, without its secrets."""
        return self._digest

    @property
    def taken_at(self) -> datetime:
        """Since when it holds."""
        return self._taken_at

    @property
    def last_reload(self) -> LastReload:
        return self._last

    def use(self, user: Callable[[Configuration], None]) -> None:
        """Have `user` hear of every configuration that takes the place of this one. It must not fail."""
        self._users.append(user)

    def reload(self) -> None:
        """Read the file, and go on with what it says. Raises ConfigurationError, and all stays as it was."""
        try:
            configuration = self._read()
        except ConfigurationError as error:
            self._last = LastReload(self._clock.now(), error.places)
            self._metrics.config_successful.set(0)
            mistakes = [f"line {each.line}, column {each.column}: {each.message}" for each in error.places]
            log.error("notifier.configuration.refused", file=str(self._path), mistakes=mistakes)  # noqa: TRY400 - all said
            raise
        self._taken(configuration)
        for user in self._users:
            user(configuration)
        log.info("notifier.configuration.taken", file=str(self._path), digest=self._digest)

    async def run(self, stop: asyncio.Event) -> None:
        """Background work for `shared.run.serve`: reload on SIGHUP, and when a file has changed that was read."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hurry.set)
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._watch(stopping)
        finally:
            stopping.cancel()
            loop.remove_signal_handler(signal.SIGHUP)

    async def _watch(self, stopping: "asyncio.Task[bool]") -> None:
        """One look."""
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({stopping, hurried}, timeout=self._watch_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        asked = self._hurry.is_set()
        self._hurry.clear()
        if not stopping.done() and (asked or await asyncio.to_thread(self._changed)):
            with suppress(ConfigurationError):  # told, counted, and kept for whoever asks
                self.reload()

    def _changed(self) -> bool:
        return any(_digest_of(path) != digest for path, digest in self._sources.items())

    def _read(self) -> Configuration:
        """Whatever comes of it, what was read is not read again until it changes."""
        sources: Sources = {}
        try:
            found = load(self._path, sources=sources)
            self._fit(found)
            return found
        finally:
            self._sources = sources

    def _taken(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._digest = self._sources[str(self._path)] or ""
        self._taken_at = self._clock.now()
        self._last = LastReload(self._taken_at, [])
        self._metrics.config_successful.set(1)
        self._metrics.config_timestamp.set(self._taken_at.timestamp())


def _digest_of(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
