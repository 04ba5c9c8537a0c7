"""One shard: the borrowers that fall to it, from the first line of the file to the last."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from services.warning.core import borrower as borrowers
from services.warning.core.borrower import Borrower
from services.warning.core.calendar import Calendar
from services.warning.core.changes import Change, to_json
from services.warning.core.engine import Engine
from services.warning.core.facts import Remark
from services.warning.core.outcomes import refusal
from services.warning.core.records import CLOCK, Event, through
from services.warning.core.rules.loading import load_ruleset
from services.warning.replay.lines import EVERYONE, NOBODY_KNOWS, BadLineError, event_of, opened, shard_of
from shared.events import ORDINARY, Ahead

PROGRESS_EVERY = 500
Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to replay. Every shard gets the same one."""

    events: Path
    ruleset: str
    """The ruleset's text."""
    time_zone: str
    out: Path
    shards: int
    ahead: Ahead = ORDINARY
    """How far value dates and periods may lie after their event's own time."""

    def part(self, number: int) -> Path:
        """Where a shard writes its changes."""
        return self.out / f".changes-{number}.part"


class Placed(NamedTuple):
    """A change in a shard's part file. They sort by business time, borrower and the borrower's own order."""

    at: int
    borrower_id: str
    order: int
    shard: int
    offset: int
    length: int


class Rejected(NamedTuple):
    """A line that did not take effect; line 0 where it was a due time."""

    line: int
    reason: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """What came of one shard."""

    placed: list[Placed] = field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Changes by rule, level and kind."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Events by what `decide` made of them."""
    rejected: list[Rejected] = field(default_factory=list)
    remarks: list[Rejected] = field(default_factory=list)
    """Lines that took effect, and what of them cannot be gone by."""
    borrowers: int = 0
    clock_records: int = 0


class Shard:
    """Holds its borrowers' states in memory; its changes go to a file at once."""

    def __init__(self, job: Job, number: int) -> None:
        self._job = job
        self._number = number
        self._engine = Engine(load_ruleset(job.ruleset), Calendar(job.time_zone))
        self._poison: defaultdict[str, dict[int, str]] = defaultdict(dict)
        """By borrower: the lines on which deciding failed, and how."""

    def run(self, progress: Progress) -> Outcome:
        """Replay; where deciding a line fails, again without that line, as the worker does."""
        while True:
            before = sum(map(len, self._poison.values()))
            outcome = self._pass(progress)
            if sum(map(len, self._poison.values())) == before:
                return outcome

    def _pass(self, progress: Progress) -> Outcome:
        pass_ = _Pass(self._engine, self._number, self._poison, self._job.ahead)
        with self._job.part(self._number).open("wb") as part, opened(self._job.events) as (lines, raw):
            for number, line in enumerate(lines, 1):
                if not number % PROGRESS_EVERY:
                    progress(raw.tell())
                concerns = shard_of(line, self._job.shards)
                if concerns in (self._number, EVERYONE) and not line.isspace():
                    pass_.take(number, line, concerns, part)
            pass_.finish(part)
            progress(raw.tell())
        return pass_.outcome


class _Pass:
    """One reading of the file."""

    def __init__(self, engine: Engine, shard: int, poison: defaultdict[str, dict[int, str]], ahead: Ahead) -> None:
        self._ahead = ahead
        self.outcome = Outcome()
        self._engine = engine
        self._shard = shard
        self._poison = poison
        self._borrowers: dict[str, Borrower] = {}
        self._clock = 0
        self._offset = 0
        self._orders: Counter[str] = Counter()

    def take(self, number: int, line: bytes, concerns: int, part: BinaryIO) -> None:
        """One line: the clock, or an event of one of the shard's borrowers."""
        try:
            event = event_of(line, self._ahead)
        except BadLineError as error:
            if concerns != EVERYONE or self._shard == NOBODY_KNOWS:  # once, though every shard has read it
                self._reject(number, "invalid", str(error))
            return
        if event.type == CLOCK:
            self._clock = max(self._clock, through(event))
            self.outcome.clock_records += 1
            return
        poison = self._poison.get(event.subject)
        if poison is not None and number in poison:
            self._reject(number, "engine_error", poison[number])
            return
        self._decide(number, event, part)

    def _decide(self, number: int, event: Event, part: BinaryIO) -> None:
        borrower = self._borrowers.get(event.subject)
        if borrower is None:
            borrower = self._borrowers[event.subject] = borrowers.new(event.subject)
        changes: list[Change] = []
        remarks: list[Remark] = []
        try:
            made = self._engine.decide(borrower, event, self._clock, changes, remarks)
        except Exception as error:  # noqa: BLE001 - whatever it is, the pass after this one leaves the line out
            self._poison[event.subject][number] = f"{type(error).__name__}: {error}"
            return
        self.outcome.outcomes[made] += 1
        if why := refusal(made, remarks):
            self._reject(number, made, why)
        if made == "applied":
            self._remark(number, event.subject, remarks)
        self._write(changes, part)

    def finish(self, part: BinaryIO) -> None:
        """Fire what is due by the last clock record.

        Who fell due at an earlier one and has had no event since is fired only now: what comes of it is the same, for
        it depends on the borrower alone.
        """
        for borrower in self._borrowers.values():
            changes: list[Change] = []
            remarks: list[Remark] = []
            try:
                self._engine.advance(borrower, self._clock, changes, remarks)
            except Exception as error:  # noqa: BLE001 - as the worker, which parks such a timer and goes on
                self._reject(0, "timer_error", f"borrower {borrower.id}: {type(error).__name__}: {error}")
            self._write(changes, part)
            self._remark(0, borrower.id, remarks)
        self.outcome.borrowers = sum(each.clock > 0 for each in self._borrowers.values())

    def _write(self, changes: list[Change], part: BinaryIO) -> None:
        for change in changes:
            line = to_json(change) + b"\n"
            part.write(line)
            order = self._orders[change.borrower_id]
            self._orders[change.borrower_id] += 1
            placed = Placed(change.at_micros, change.borrower_id, order, self._shard, self._offset, len(line))
            self.outcome.placed.append(placed)
            self.outcome.counts[change.rule, change.level or change.previous_level or "", change.kind] += 1
            self._offset += len(line)

    def _remark(self, number: int, borrower_id: str, remarks: Sequence[Remark]) -> None:
        self.outcome.remarks += [
            Rejected(number, each.name, f"borrower {borrower_id}, {each.about}: {each.detail}") for each in remarks
        ]

    def _reject(self, number: int, reason: str, detail: str) -> None:
        self.outcome.rejected.append(Rejected(number, reason, detail))
