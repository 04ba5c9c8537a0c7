"""Nothing is left running, whatever becomes of the process that started it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local import processes
from tests.interrupts import IGNORING_INTERRUPTS

# A launcher as the demo is one: a child that ignores SIGTERM, and a scratch directory. It says both and waits.
LAUNCHER = """
import signal, sys
from pathlib import Path
from deploy.local import processes
scratch = processes.scratch_directory("test")
stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
child = processes.start("child", [sys.executable, "-c", stubborn], log=scratch / "log")
child.wait_for(lambda: "up" in child.log_text(), seconds=10, what="up")
print(child.pid, scratch, flush=True)
signal.pause()
"""


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _guardian_of(launcher: psutil.Process) -> psutil.Process:
    return next(each for each in launcher.children() if str(processes.GUARDIAN) in each.cmdline())


def _only_the_launcher(launcher: psutil.Process) -> None:
    launcher.kill()


def _the_guardian_too(launcher: psutil.Process) -> None:
    guardian = _guardian_of(launcher)
    guardian.kill()
    launcher.kill()


@pytest.mark.parametrize("strike", [_only_the_launcher, _the_guardian_too])
def test_children_die_with_a_launcher_that_is_killed(strike: Callable[[psutil.Process], None]) -> None:
    if strike is _the_guardian_too and sys.platform != "linux":
        pytest.skip("without the guardian only Linux's kernel keeps the watch")
    with subprocess.Popen([sys.executable, "-c", LAUNCHER], cwd=processes.ROOT, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        pid, scratch = launcher.stdout.readline().decode().split()
        strike(psutil.Process(launcher.pid))

    assert processes.poll_until(lambda: _gone(int(pid)), seconds=10)
    if strike is _only_the_launcher:
        assert processes.poll_until(lambda: not Path(scratch).exists(), seconds=10)
    else:
        shutil.rmtree(scratch)


def test_the_guardian_alone_ends_a_group_nobody_else_watches() -> None:
    orphan = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
    guardian = subprocess.Popen(
        [sys.executable, str(processes.GUARDIAN)], stdin=subprocess.PIPE, start_new_session=True
    )
    assert guardian.stdin is not None
    with guardian.stdin as told:
        told.write(f"watch {orphan.pid} {int(signal.SIGTERM)}\n".encode())

    assert orphan.wait(timeout=10) == -signal.SIGTERM
    assert guardian.wait(timeout=10) == 0


def test_a_child_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = processes.start(
        "the broken one", [sys.executable, "-c", "raise SystemExit('no such port')"], log=tmp_path / "log"
    )

    with pytest.raises(processes.ChildFailedError, match=r"(?s)the broken one ended with exit code 1.*no such port"):
        child.wait_for(lambda: False, seconds=10, what="ready")


def test_a_child_that_does_not_stop_when_asked_is_forced(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    child = processes.start("stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log")
    child.wait_for(lambda: "up" in child.log_text(), seconds=10, what="up")

    assert child.stop(seconds=0.05) == -signal.SIGKILL
    assert _gone(child.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_a_child_of_root_gives_up_root(tmp_path: Path) -> None:
    processes.run("id", ["id", "-un"], log=tmp_path / "log", seconds=10, user="nobody")

    assert (tmp_path / "log").read_text().strip() == "nobody"


# A launcher that was started with SIGINT ignored, and its child that does nothing about signals itself.
INTERRUPTED = """
import signal, sys
from pathlib import Path
from deploy.local import processes
command = ["sh", "-c", "echo up; exec sleep 60"]
child = processes.start("child", command, log=Path(sys.argv[1]), stop_signal=signal.SIGINT)
child.wait_for(lambda: "up" in child.log_text(), seconds=10, what="up")
sys.exit(-child.stop())
"""


def test_a_child_hears_interrupts_where_its_launcher_was_started_with_them_ignored(tmp_path: Path) -> None:
    command = [*IGNORING_INTERRUPTS, sys.executable, "-c", INTERRUPTED, str(tmp_path / "log")]

    assert subprocess.run(command, cwd=processes.ROOT, timeout=30, check=False).returncode == signal.SIGINT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's children are other users'")
def test_roots_scratch_is_where_others_may_enter_though_tmpdir_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "root's own"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(closed))

    scratch = processes.scratch_directory("test")

    processes.run("test", ["test", "-x", scratch], log=tmp_path / "log", seconds=10, user="nobody")
    scratch.rmdir()
