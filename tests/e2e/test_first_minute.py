"""The first minute of somebody who tries it, where the folder, the user and the shell are not what one is used to."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy.local.postgres_wheel import WHEEL
from deploy.local.processes import ROOT, poll_until

PARTS = ("deploy", "services", "shared")
DEMO = [sys.executable, "-m", "deploy.local", "demo", "--borrowers", "10", "--days", "40", "--seconds", "0"]
UNUSUAL = 'umask 077; trap "" INT QUIT; unset HOME; exec "$@"'
SECONDS = 120


@pytest.fixture
def clone() -> Iterator[Path]:
    """A copy of what the demo needs, PostgreSQL's wheel included, made with umask 077: closed to everybody else."""
    home = Path(tempfile.mkdtemp(prefix="first-minute-"))  # mkdtemp's folders are 0700
    before = os.umask(0o077)
    try:
        yield _copied(home / "Übung mit Löffeln")
    finally:
        os.umask(before)
        shutil.rmtree(home)


def _copied(clone: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in distribution(WHEEL).files or ():
        (clone / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(file.locate()), clone / file)
    return clone


def _shell(clone: Path, scratch: Path, user: str | None = None) -> "subprocess.CompletedProcess[bytes]":
    """The demo by a shell with umask 077, without HOME and with SIGINT ignored, from the clone alone."""
    scratch.mkdir()
    if user is not None:
        for each in (clone.parent, scratch, *clone.parent.rglob("*")):
            shutil.chown(each, user)
    return subprocess.run(
        ["sh", "-c", UNUSUAL, "sh", *DEMO],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        user=user,
        extra_groups=None if user is None else [],
        check=False,
    )


def _assert_played(run: "subprocess.CompletedProcess[bytes]") -> None:
    said = run.stdout.decode()
    assert run.returncode == 0, said
    assert "40/40 days" in said


def _may_run_python(user: str) -> bool:
    try:
        return subprocess.run([sys.executable, "-c", ""], user=user, extra_groups=[], check=False).returncode == 0
    except PermissionError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's folders are closed to PostgreSQL's user")
def test_the_demo_plays_for_root_in_a_folder_that_only_root_may_enter(clone: Path) -> None:
    _assert_played(_shell(clone, clone.parent / "temporary files that are root's too"))


@pytest.mark.slow
def test_the_demo_plays_for_a_plain_user_with_umask_077(clone: Path) -> None:
    user = "nobody" if os.geteuid() == 0 else None
    if user and not _may_run_python(user):
        pytest.skip(f"user {user} may not run {sys.executable}")
    scratch = clone.parent / "scratch"

    _assert_played(_shell(clone, scratch, user))

    assert poll_until(lambda: not list(scratch.iterdir()), seconds=10)
