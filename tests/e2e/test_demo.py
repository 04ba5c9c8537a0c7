"""`make demo`: it tells what it should, fails loudly, and leaves nothing behind, however it ends."""

import os
import pty
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import ROOT, poll_until
from tests.interrupts import IGNORING_INTERRUPTS

MARK = "BELLWETHER_DEMO_TEST"
SMALL = ["--borrowers", "60", "--seed", "8", "--seconds", "5"]  # few, of whom some get into trouble all the same
PACED = ["--borrowers", "40", "--seconds", "60"]  # the first warnings come within seconds, the end a minute later
SECONDS = 120


@dataclass
class Demo:
    """One run of the demo in a temporary directory of its own; all its processes carry the mark."""

    scratch: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def start(
        self, *arguments: str, before: Sequence[str] = (), stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*before, sys.executable, "-m", "deploy.local", "demo", *arguments],
            cwd=ROOT,
            env={**os.environ, MARK: self.mark, "TMPDIR": str(self.scratch), "COLUMNS": "160", "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Its living processes whose command holds `words`."""
        return [each for each in psutil.process_iter() if self._marked(each) and words in " ".join(_command(each))]

    def _marked(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.mark
        except psutil.Error:
            return False

    def left_nothing(self) -> bool:
        return not self.processes() and not list(self.scratch.iterdir())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def demo() -> Iterator[Demo]:
    scratch = Path(tempfile.mkdtemp(prefix="demo-test-"))
    scratch.chmod(0o711)  # PostgreSQL, which is not root, passes through it
    run = Demo(scratch)
    yield run
    for each in run.processes():
        each.kill()
    shutil.rmtree(scratch, ignore_errors=True)


def _until_said(stream: int, words: str) -> str:
    """What comes from `stream` up to `words`. Fails where it ends before."""
    said = b""
    while words.encode() not in said:
        try:
            more = os.read(stream, 65_536)
        except OSError:  # a terminal whose other side has closed
            more = b""
        assert more, said.decode(errors="replace")
        said += more
    return said.decode(errors="replace")


@pytest.mark.slow
def test_a_small_year_is_told_and_explained_and_nothing_is_left(demo: Demo) -> None:
    running = demo.start(*SMALL)
    said, _ = running.communicate(timeout=SECONDS)

    told = said.decode()
    assert running.returncode == 0, told
    assert "365/365 days" in told
    assert re.search(r"2025-\d\d-\d\d +(blue|yellow|orange|red) +raised +B-\d{5}", told)
    assert "Warning changes delivered" in told
    assert "missed_payment" in told
    assert re.search(r"events +[\d,]+ accepted .* 0 refused", told)
    assert "One warning, explained in full" in told
    _assert_people_were_told(told.split("How people were told")[1])
    assert re.search(r"acknowledged +\S+Z by the chief of credit", told)
    assert demo.left_nothing()


def _assert_people_were_told(section: str) -> None:
    """All three: grouped, handed up and answered for, recovered; and why."""
    assert "It did not come to that" not in section
    assert re.search(r"officers +(\d+) warnings of branch [\w ]+ in one message, not in \1", section)
    assert re.search(r"subject +\d+ warnings \(.*\): branch ", section)
    assert re.search(r"chief +(orange|red) (raised|escalated) .* step 1: no answer yet", section)
    assert "acknowledged by the chief of credit, on record with the warning service" in section
    assert re.search(r"officers +are told who answers for it", section)
    assert re.search(r"board +step 2 was due: not told, the escalation has ended", section)
    recovered = section.split("Recovered")[1]
    assert re.search(r"officers +(yellow|orange|red) (raised|escalated)", recovered)
    assert re.search(r"officers +\w+ (cleared|withdrawn)", recovered)
    assert re.search(r"told of its end: the officers.*, as of the warning itself, and nobody else", recovered)
    assert re.search(r"GET /v1/warnings/[0-9a-f-]{36}/notifications", section)
    assert re.search(r"officers +group +was told", section)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strike", "before"), [(signal.SIGKILL, []), (signal.SIGINT, []), (signal.SIGINT, IGNORING_INTERRUPTS)]
)
def test_nothing_is_left_of_a_demo_that_is_struck_down(demo: Demo, strike: signal.Signals, before: list[str]) -> None:
    running = demo.start(*PACED, before=before)
    assert running.stdout is not None
    _until_said(running.stdout.fileno(), "raised")

    running.send_signal(strike)
    running.communicate(timeout=30)

    assert running.returncode == (130 if strike == signal.SIGINT else -strike)
    assert poll_until(demo.left_nothing, seconds=20), demo.processes()


@pytest.mark.slow
def test_a_service_that_dies_ends_the_demo_with_its_name(demo: Demo) -> None:
    running = demo.start(*PACED)
    assert running.stdout is not None
    _until_said(running.stdout.fileno(), "raised")

    [service] = demo.processes("services.warning")
    service.kill()
    said, _ = running.communicate(timeout=30)

    assert running.returncode == 1
    assert "warning ended with exit code -9" in said.decode()
    assert demo.left_nothing()


def _shell_blocks(heading: str) -> list[str]:
    """The shell commands under a heading of README.md."""
    section = (ROOT / "README.md").read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def _shell(commands: str, exports: str) -> str:
    run = subprocess.run(["sh", "-ec", f"{exports}\n{commands}"], capture_output=True, check=True, timeout=30)
    return run.stdout.decode()


@pytest.mark.slow
def test_in_a_terminal_it_stays_up_for_a_first_event_until_ctrl_c(demo: Demo) -> None:
    ours, theirs = pty.openpty()
    try:
        running = demo.start("--borrowers", "10", "--days", "40", "--seconds", "0", stdout=theirs)
        os.close(theirs)
        said = _until_said(ours, "Ctrl-C ends it all.")
        exports = "\n".join(re.findall(r"export \w+=\S+", said))
        for page in re.findall(r"http://127\.0\.0\.1:\d+/\S+", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", " ", said)):
            with urllib.request.urlopen(page, timeout=10) as answer:
                assert answer.status == 200

        lend, ten_days_pass, ask = _shell_blocks("A first event")
        assert '"accepted"' in _shell(lend, exports)
        assert '"accepted"' in _shell(ten_days_pass, exports)
        assert "B-first" in _until_said(ours, "B-first")
        assert poll_until(lambda: '"yellow"' in _shell(ask, exports), seconds=20)

        running.send_signal(signal.SIGINT)
        _until_said(ours, "stopping")
        assert running.wait(timeout=30) == 0
    finally:
        os.close(ours)
    assert demo.left_nothing()
