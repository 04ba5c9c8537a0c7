"""decide: a borrower and an event, or a due time, to the borrower as it is then and its warning changes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from services.warning.core.borrower import Borrower
from services.warning.core.calendar import DAY, AsOf, Calendar
from services.warning.core.changes import Change
from services.warning.core.facts import FAMILIES, KEPT_DAYS, LATENESS_DAYS, Remark, checks_of, readers_of
from services.warning.core.facts.family import Apply, Check, Since
from services.warning.core.indicators.indicator import Terms
from services.warning.core.judgement import Judge
from services.warning.core.looking import TIME, Cause, Looker
from services.warning.core.outcomes import Outcome
from services.warning.core.records import Event, UnreadableError
from services.warning.core.rules.ruleset import Ruleset
from services.warning.core.succession import Succession
from services.warning.core.telling import Teller

PRUNE_DAYS = 56
"""Long against a year's window, so that a borrower with an event a month is pruned at every other one."""
NEVER = 1 << 63
"""A moment after all others."""
_PRUNES = [(name, family.prune) for name, family in FAMILIES.items()]


class UnknownTypeError(Exception):
    """A well-formed event of a type this engine does not know: a newer ingest sent it, and it must not be skipped."""


class _Plan(NamedTuple):
    """What an event of one type does: who reads it, and which rules look at what they remember."""

    readers: list[tuple[str, Callable[[msgspec.Raw], Any], Apply]]
    """By family: how it decodes the event's data, and what it does with them."""
    judges: list[Judge]
    checks: list[tuple[str, Check]]
    """By family: what may find that the event does not fit what is known."""


_Read = list[tuple[str, Any, Apply]]
"""By family: an event's data as it reads them, and what it does with them."""


class Engine:
    """One ruleset in one time zone. The same object serves live, replay and tests; it holds no state of any borrower.

    `decide` and `advance` change the borrower they are given. If they raise, it is spoilt: load it again.
    """

    def __init__(self, ruleset: Ruleset, calendar: Calendar, *, lateness_days: int = LATENESS_DAYS) -> None:
        self.ruleset = ruleset
        self.calendar = calendar
        self.terms = Terms.of(ruleset, calendar)
        self._lateness = lateness_days * DAY
        self._lateness_days = lateness_days
        self.judges = {rule.id: Judge(rule, self.terms) for rule in ruleset.rules}
        teller = Teller(ruleset, calendar)
        self._succession = Succession(self.judges, teller)
        self._looker = Looker(self.judges, ruleset.digest[:16], calendar, teller, self._succession)
        self._plans: dict[str, _Plan] = {}

    def decide(
        self,
        borrower: Borrower,
        event: Event,
        clock: int,
        changes: list[Change],
        remarks: list[Remark] | None = None,
    ) -> Outcome:
        """Apply one event of this borrower; `clock` is its partition's. Appends what changes, and what to remark on.

        Where it does not fit what is known, the last remark says why. Raises UnknownTypeError, and UnreadableError
        where data lacks what a family reads; both before anything changed.
        """
        plan = self._plans.get(event.type) or self._plan(event.type)
        try:
            read = [(name, decode(event.data), apply) for name, decode, apply in plan.readers]
        except msgspec.MsgspecError as error:
            raise UnreadableError(f"data of {event.type}: {error}") from error
        time = event.time
        if 0 < borrower.due <= clock:
            # First, so that what is too late does not depend on whether a sweep came by before.
            self.advance(borrower, clock, changes, remarks)
        known = borrower.knows(event.hash)
        if known is not None:
            return "duplicate" if known == event.digest else "id_conflict"
        newest = max(borrower.clock, clock)
        if (time < newest or time < borrower.forgotten_until) and self._too_late(borrower, event, newest):
            return "too_late"
        if plan.checks and self._misfits(plan, borrower, event, read, remarks):
            return "reversal_mismatch"
        if 0 < borrower.due <= time:
            self.advance(borrower, time, changes, remarks)
        if time > borrower.clock:
            # Of a borrower nobody has heard of the past is not gone through: it is judged once, as it stands by now.
            borrower.clock = time if borrower.clock else max(time, clock)
        borrower.remember(event.hash, time, event.digest)
        since = self._apply(borrower, event, read, remarks)
        as_of = self.calendar.on_event(borrower.clock)
        if as_of.day >= borrower.prune_on:
            self._prune(borrower, as_of, changes, remarks)
        self._looker.look(borrower, plan.judges, as_of, Cause(event, since), changes)
        if 0 < borrower.due <= clock:
            self.advance(borrower, clock, changes, remarks)
        return "applied"

    def advance(
        self, borrower: Borrower, through: int, changes: list[Change], remarks: list[Remark] | None = None
    ) -> int:
        """Fire the borrower's due times up to and including a moment, in order, and count them."""
        fired = 0
        while 0 < borrower.due <= through:
            fired += 1
            as_of = self.calendar.on_due(borrower.due)
            borrower.clock = max(borrower.clock, borrower.due)
            due = [
                judge
                for rule_id, judge in self.judges.items()
                if (state := borrower.rules.get(rule_id)) is not None and 0 < state.due <= as_of.at
            ]
            if as_of.day >= borrower.prune_on:
                self._prune(borrower, as_of, changes, remarks)
            self._looker.look(borrower, due, as_of, TIME, changes)
        return fired

    def _plan(self, event_type: str) -> _Plan:
        readers = readers_of(event_type)
        if not readers:
            raise UnknownTypeError(f"no family of facts reads {event_type!r}; is this service older than ingest?")
        families = {name for name, _, _ in readers}
        plan = _Plan(
            [(name, decoder.decode, apply) for name, decoder, apply in readers],
            [judge for judge in self.judges.values() if judge.reads & families],
            list(checks_of(event_type).items()),
        )
        self._plans[event_type] = plan
        return plan

    def _apply(self, borrower: Borrower, event: Event, read: _Read, remarks: list[Remark] | None) -> int:
        facts, calendar, since = borrower.facts, self.calendar, NEVER
        for name, data, apply in read:
            found = apply(getattr(facts, name), event, data, calendar)
            since = min(since, found)
            if remarks is not None and isinstance(found, Since):
                remarks += found.remarks
        return since

    def _misfits(
        self, plan: _Plan, borrower: Borrower, event: Event, read: _Read, remarks: list[Remark] | None
    ) -> bool:
        """Whether the event does not fit what is known; the reason is remarked on."""
        data = {name: said for name, said, _ in read}
        found = [check(getattr(borrower.facts, name), event, data[name]) for name, check in plan.checks]
        wrong = [each for each in found if each is not None]
        if remarks is not None:
            remarks += wrong
        return bool(wrong)

    def _too_late(self, borrower: Borrower, event: Event, newest: int) -> bool:
        if event.time < newest - self._lateness:
            return True
        return event.time < borrower.forgotten_until and any(
            family.holds(getattr(borrower.facts, name), event.hash) for name, family in FAMILIES.items()
        )

    def _prune(self, borrower: Borrower, as_of: AsOf, changes: list[Change], remarks: list[Remark] | None) -> None:
        """Every few weeks of business time, so that it costs little and depends on the clock alone."""
        today = as_of.day - as_of.day % PRUNE_DAYS
        fresh, borrower.prune_on = not borrower.prune_on, today + PRUNE_DAYS
        if fresh:
            return
        borrower.forget(self._lateness_days)
        needed = self._needed_from(borrower, today)
        for name, prune in _PRUNES:
            found = prune(getattr(borrower.facts, name), needed)
            if found and remarks is not None:
                remarks += found
        self._succession.forget(borrower, as_of, changes)

    def _needed_from(self, borrower: Borrower, today: int) -> int:
        """The first day as of which the facts may still be asked for: today, or when an open warning was raised."""
        first = today
        for state in borrower.rules.values():
            for warning in state.opened():
                first = min(first, self.calendar.day_of(warning.raised_at))
        return max(first, today - KEPT_DAYS)
