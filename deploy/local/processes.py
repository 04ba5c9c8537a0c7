"""Child processes that never outlive the process that started them, not even when it is killed with SIGKILL.

Two ties hold each child: `leash.py` (the Linux kernel tells the child) and, on every system, `guardian.py` (a process
that watches a pipe). Start children from a thread that lives as long as they shall: the kernel watches the thread.
"""

import atexit
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEASH = Path(__file__).with_name("leash.py")
GUARDIAN = Path(__file__).with_name("guardian.py")

STOP_SECONDS = 12.0  # a service drains within 10 s of SIGTERM
POLL_SECONDS = 0.02
LOG_TAIL_LINES = 30
COMMON_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - mkdtemp makes what is ours in them


class ChildFailedError(Exception):
    """A child process ended or did not do what it was started for; the message ends with the tail of its log."""


class _Guardian:
    """This process's one guardian, started with its first child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def tell(self, line: str) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(GUARDIAN)], stdin=subprocess.PIPE, start_new_session=True
                )
                atexit.register(self.dismiss)
            assert self._process.stdin is not None
            self._process.stdin.write(os.fsencode(f"{line}\n"))
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """Let it end what is left, and wait for that."""
        if self._process is not None:
            self._process.communicate()


_guardian = _Guardian()


def scratch_directory(name: str) -> Path:
    """A fresh temporary directory, removed with all in it once this process is gone. Others may pass through it."""
    path = Path(tempfile.mkdtemp(prefix=f"bellwether-{name}-", dir=_passable_parent()))
    path.chmod(0o711)
    _guardian.tell(f"discard {path}")
    return path


def _passable_parent() -> Path:
    """The system's folder for temporary files; for root one that others may enter, since PostgreSQL is not root.

    Where pam_tmpdir is, root's TMPDIR is /tmp/user/0, which is closed.
    """
    usual = Path(tempfile.gettempdir()).resolve()
    choices = [usual, *map(Path, COMMON_TEMPORARY)] if os.geteuid() == 0 else [usual]
    return next(filter(_passable, choices), usual)


def _passable(path: Path) -> bool:
    return path.is_dir() and all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def heed_interrupts() -> None:
    """Let SIGINT raise KeyboardInterrupt, also where this process was started with it ignored.

    So are the background jobs of a script, and those of some CI runners; whoever sends one a SIGINT means it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def poll_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask until `condition` holds or `seconds` have passed; the answer says which."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


class Child:
    """A running child process in a process group of its own, its output in a log file."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, stop_signal: signal.Signals) -> None:
        self.name = name
        self.log = log
        self.pid = process.pid
        self._process = process
        self._stop_signal = stop_signal

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal number where a signal ended it."""
        code = self._process.poll()
        if code is not None:
            _guardian.tell(f"forget {self.pid}")
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group, if it is still there."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL: what a power cut looks like to the process. Returns once it is gone."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        _guardian.tell(f"forget {self.pid}")

    def ask_to_stop(self) -> None:
        """Send its stop signal and do not wait."""
        self.signal(self._stop_signal)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop and force it after `seconds`; the exit code."""
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()
        return self._process.returncode

    def wait(self, seconds: float) -> int:
        """Its exit code. Raises ChildFailedError where it still runs after `seconds`; then it is killed."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self.failure(f"did not finish within {seconds:g} s") from None
        _guardian.tell(f"forget {self.pid}")
        return self._process.returncode

    def succeed(self, seconds: float) -> None:
        """Wait for its end. Raises ChildFailedError on any exit code but 0, or after `seconds`."""
        if code := self.wait(seconds):
            raise self.failure(f"ended with exit code {code}")

    def wait_for(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Wait until `condition` holds. Raises ChildFailedError where the child ends first or the time is up."""
        if not poll_until(lambda: self.exit_code is not None or condition(), seconds=seconds):
            raise self.failure(f"was not {what} within {seconds:g} s")
        if self.exit_code is not None:
            raise self.failure(f"ended with exit code {self.exit_code} before it was {what}")

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def failure(self, said: str) -> ChildFailedError:
        """An error that names the child and shows the end of its log."""
        tail = "\n".join(self.log_text().splitlines()[-LOG_TAIL_LINES:])
        return ChildFailedError(f"{self.name} {said}; the end of its log ({self.log}):\n{tail}")


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str = "-",
    stop_signal: signal.Signals = signal.SIGTERM,
    death_signal: signal.Signals = signal.SIGKILL,
) -> Child:
    """Start `command` in the project's root, with `env` on top of this process's environment; `log` gets its output.

    `stop_signal` asks it to stop; `death_signal` is what it gets when this process dies. `user` is whom to become
    where this process is root.
    """
    leash = [sys.executable, "-I", "-S", str(LEASH), str(int(death_signal)), str(os.getpid()), user]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*leash, shutil.which(command[0]) or command[0], *command[1:]],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _guardian.tell(f"watch {process.pid} {int(death_signal)}")
    return Child(name, process, log, stop_signal)


def run(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    seconds: float,
    env: Mapping[str, str] | None = None,
    user: str = "-",
) -> None:
    """Run `command` to its end. Raises ChildFailedError on any exit code but 0, or after `seconds`."""
    start(name, command, log=log, env=env, user=user).succeed(seconds)
