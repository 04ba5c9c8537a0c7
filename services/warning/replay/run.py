"""Replays a file over all cores and puts the shards' changes together."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from ctypes import c_int64
from mmap import ACCESS_READ, mmap
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

import msgspec

from services.warning.core.rules.loading import load_ruleset
from services.warning.replay.report import report
from services.warning.replay.shard import Job, Outcome, Placed, Shard
from shared.events import ORDINARY, Ahead

CHANGES, REPORT = "changes.ndjson", "report.json"
POLL_SECONDS = 0.2

Watch = Callable[[float], None]
"""Told now and then which part of the file has been read, from 0 to 1."""

_read: "SynchronizedArray[int]"


def replay(
    events: Path,
    ruleset: str,
    time_zone: str,
    out: Path,
    *,
    shards: int | None = None,
    ahead: Ahead = ORDINARY,
    watch: Watch = lambda _: None,
) -> dict[str, Any]:
    """Write `changes.ndjson` and `report.json` to `out`, and return the report.

    The changes are in the order of (at, borrower id), a borrower's own in the order the engine made them: the same for
    any number of shards. `ahead` is what ingest took of value dates and periods. Raises RulesetError, and OSError where
    a file cannot be read or written.
    """
    began = perf_counter()
    loaded = load_ruleset(ruleset)
    out.mkdir(parents=True, exist_ok=True)
    job = Job(events, ruleset, time_zone, out, shards or len(os.sched_getaffinity(0)), ahead)
    try:
        outcomes = _shards(job, watch)
        with (out / CHANGES).open("wb") as file:
            _merge(job, sorted(each for outcome in outcomes for each in outcome.placed), file)
    finally:
        for number in range(job.shards):
            job.part(number).unlink(missing_ok=True)
    told = report(outcomes, loaded, time_zone, perf_counter() - began)
    (out / REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return told


def _shards(job: Job, watch: Watch) -> list[Outcome]:
    # Spawned, not forked: a fork of a process with threads may hang, and Python 3.14 spawns anyway.
    context = get_context("spawn")
    read: SynchronizedArray[int] = context.Array(c_int64, job.shards)
    with ProcessPoolExecutor(job.shards, mp_context=context, initializer=_begin, initargs=(read,)) as pool:
        futures = [pool.submit(_shard, job, number) for number in range(job.shards)]
        _wait(futures, job, read, watch)
        return [each.result() for each in futures]


def _wait(futures: Sequence[Future[Outcome]], job: Job, read: "SynchronizedArray[int]", watch: Watch) -> None:
    whole = max(1, job.events.stat().st_size)
    pending = set(futures)
    while pending:
        pending = wait(pending, POLL_SECONDS).not_done
        watch(min(1.0, sum(read[:]) / (whole * job.shards)))


def _begin(read: "SynchronizedArray[int]") -> None:
    global _read  # noqa: PLW0603 - a pool hands shared memory over when a process starts, and in no other way
    _read = read


def _shard(job: Job, number: int) -> Outcome:
    def progress(position: int) -> None:
        _read[number] = position

    return Shard(job, number).run(progress)


def _merge(job: Job, placed: Sequence[Placed], out: BinaryIO) -> None:
    parts = [_mapped(job.part(number)) for number in range(job.shards)]
    try:
        out.writelines(parts[each.shard][each.offset : each.offset + each.length] for each in placed)
    finally:
        for part in parts:
            if isinstance(part, mmap):
                part.close()


def _mapped(path: Path) -> mmap | bytes:
    """The file's bytes without reading them into memory; an empty file cannot be mapped."""
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ) if path.stat().st_size else b""
