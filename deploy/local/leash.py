"""Becomes the command it is given (an absolute path), tied to the process that started it.

    python -I -S leash.py DEATH_SIGNAL PARENT_PID USER COMMAND...

Drops root for USER first ("-" keeps the user), since a change of user would undo the tie. On Linux the kernel then
sends DEATH_SIGNAL the moment the parent thread is gone, however it went; elsewhere `guardian.py` alone keeps the watch.
Signals that a person or a terminal sends mean again what they mean by default: a script's background job ignores SIGINT
and SIGQUIT, and so would all that it starts.
It imports the standard library only: it runs before every child and must cost milliseconds.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def _tie_to_parent(death_signal: int, parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the tie held
        sys.exit(f"leash: the parent process {parent} is gone")


def _become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.setgroups([entry.pw_gid])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def main(arguments: list[str]) -> None:
    death_signal, parent, user, *command = arguments
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    if user != "-":
        _become(user)
    _tie_to_parent(int(death_signal), int(parent))
    os.execv(command[0], command)  # noqa: S606 - the command comes from this package


if __name__ == "__main__":
    main(sys.argv[1:])
