"""The three services as child processes on free loopback ports, started as in production: `python -m services.NAME`."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.local import processes
from deploy.local.ports import free_port

ServiceName = Literal["ingest", "warning", "notifier"]
READY_SECONDS = 60.0
COMMAND_SECONDS = 120.0
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Service:
    """One running service: where it answers, and its process to kill or to stop."""

    name: ServiceName
    port: int
    process: processes.Child

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until `/readyz` says so. Raises ChildFailedError with the end of its log where it does not in time."""
        self.process.wait_for(lambda: _answers_ok(f"{self.url}/readyz"), seconds=seconds, what="ready")


def _answers_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:  # noqa: S310 - a loopback address of our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start_service(
    name: ServiceName, env: Mapping[str, str], *, logs: Path, port: int | None = None, replica: str = ""
) -> Service:
    """Start a service and return at once; `wait_ready` waits for it. Its log is `logs/<name><replica>.log`.

    `env` holds its settings, without HTTP_HOST and HTTP_PORT: those are a free loopback port, or `port`.
    """
    chosen = port or free_port()
    process = processes.start(
        f"{name}{replica}",
        [sys.executable, "-m", f"services.{name}"],
        log=logs / f"{name}{replica}.log",
        env={**env, "HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(chosen)},
    )
    return Service(name, chosen, process)


def start_command(
    name: ServiceName, arguments: Sequence[str], env: Mapping[str, str], *, logs: Path
) -> processes.Child:
    """Start `python -m services.<name> ARGUMENTS`."""
    command = [sys.executable, "-m", f"services.{name}", *arguments]
    return processes.start(f"{name} {arguments[0]}", command, log=logs / f"{name}-{arguments[0]}.log", env=env)


def run_command(name: ServiceName, arguments: Sequence[str], env: Mapping[str, str], *, logs: Path) -> None:
    """Run `python -m services.<name> ARGUMENTS` to its end. Raises ChildFailedError where it fails."""
    start_command(name, arguments, env, logs=logs).succeed(COMMAND_SECONDS)
