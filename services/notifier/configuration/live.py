"""The configuration that holds, and how another takes its place while the notifier runs."""

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
from shared.watching import digest_of

log = structlog.get_logger(__name__)


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
        fit: Callable[[Configuration], None] = lambda _: None,
    ) -> None:
        """`fit` raises ConfigurationError for what this process cannot serve."""
        self._fit = fit
        self._path = path
        self._clock = clock
        self._metrics = metrics
        self._sources: Sources = {}
        self._users: list[Callable[[Configuration], None]] = []
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
            mistakes = [str(each) for each in error.places]
            log.error("notifier.configuration.refused", file=str(self._path), mistakes=mistakes)  # noqa: TRY400 - all said
            raise
        self._taken(configuration)
        for user in self._users:
            user(configuration)
        log.info("notifier.configuration.taken", file=str(self._path), digest=self._digest)

    def changed(self) -> bool:
        """Whether a file that was read is another one now."""
        return any(digest_of(path) != digest for path, digest in self._sources.items())

    def refresh(self) -> None:
        """Reload; a refusal is told, counted, and kept for whoever asks."""
        with suppress(ConfigurationError):
            self.reload()

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
