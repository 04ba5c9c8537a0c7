"""Has rules look at a borrower, or at each of its loans, and tells what comes of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from services.warning.core import life
from services.warning.core.borrower import Borrower, Open, RuleState
from services.warning.core.by_loan import LoanFacts, resting
from services.warning.core.calendar import DAY, AsOf, Calendar
from services.warning.core.changes import Change
from services.warning.core.facts import KEPT_DAYS
from services.warning.core.judgement import Judge, Judged
from services.warning.core.records import Event
from services.warning.core.succession import Succession
from services.warning.core.telling import Teller


class Cause(NamedTuple):
    """What made the engine look: an event and the first moment it changed the facts of, or nothing but time."""

    event: Event | None
    since: int


TIME = Cause(None, 0)


class _Look(msgspec.Struct, frozen=True, gc=False):
    """One look at a borrower, or at one loan of it; `facts` are as that one sees them."""

    borrower: Borrower
    facts: Any
    as_of: AsOf
    cause: Cause
    changes: list[Change]
    loan_id: str = ""
    """Empty where it is at the borrower."""


class Looker:
    """Looks under one ruleset; `judged_by` is how a borrower remembers that."""

    def __init__(
        self,
        judges: Mapping[str, Judge],
        judged_by: str,
        calendar: Calendar,
        teller: Teller,
        succession: Succession,
    ) -> None:
        self._judges = judges
        self._judged_by = judged_by
        self._calendar = calendar
        self._teller = teller
        self._succession = succession

    def look(self, borrower: Borrower, judges: list[Judge], as_of: AsOf, cause: Cause, changes: list[Change]) -> None:
        """Look by these rules, or by all of them where the borrower was judged by others before; then set its timer."""
        if borrower.ruleset != self._judged_by:
            if borrower.ruleset:  # of a new borrower the other rules could see nothing
                judges = list(self._judges.values())
            borrower.ruleset = self._judged_by
            self._succession.take_over(borrower, as_of, changes)
        look, rules = _Look(borrower, borrower.facts, as_of, cause, changes), borrower.rules
        for judge in judges:
            known = rules.get(judge.rule.id)
            state = self._at_loans(look, judge, known) if judge.rule.per_loan else self._at(look, judge, known)
            if state is not None:
                rules[judge.rule.id] = state
            elif known is not None:
                del rules[judge.rule.id]
        soonest = 0
        for state in rules.values():
            if state.due and (state.due < soonest or not soonest):
                soonest = state.due
        borrower.due = soonest

    def _at_loans(self, look: _Look, judge: Judge, known: RuleState | None) -> RuleState | None:
        """Look at each loan that is not at rest, and once for all that are. None: there is nothing to remember."""
        state = known or RuleState()
        loans, until, states = look.facts.ledger.loans, look.as_of.until, state.loans
        awake = {each for each, loan in loans.items() if not resting(loan, until)}
        awake.update(each for each, own in states.items() if not own.quiet)
        seen, rest = LoanFacts(look.facts), 0
        if len(awake) < len(loans):
            due = self._at_rest(look, judge, seen)
            awake, rest = (set(loans), 0) if due is None else (awake, due)
        moments = [rest, *(self._at_loan(look, judge, states, each, seen) for each in sorted(awake))]
        state.due = min(filter(None, moments), default=0)
        return state if state.due or states else None

    def _at_rest(self, look: _Look, judge: Judge, seen: LoanFacts) -> int | None:
        """When to look again at the loans at rest, 0: never. None where they are to be looked at one by one."""
        due = judge.quiet_until(seen, look.as_of)
        if due is not None:
            return due
        judged = judge.judge(seen, look.as_of)
        return None if judged.level is not None else judge.next_due(seen, RuleState(), judged, look.as_of) or 0

    def _at_loan(self, look: _Look, judge: Judge, states: dict[str, RuleState], loan_id: str, seen: LoanFacts) -> int:
        """Look at one loan, keep what is to be remembered of it, and say when to look again; 0: never."""
        loan, as_of = look.facts.ledger.loans[loan_id], look.as_of
        state, facts = states.get(loan_id), seen.of(loan_id, loan)
        if state is None or state.quiet:
            due = judge.quiet_until(facts, as_of)
            if due is not None:
                return due
        state = state or RuleState()
        self._judge(_Look(look.borrower, facts, as_of, look.cause, look.changes, loan_id), judge, state)
        due, state.due = state.due, 0  # the rule's own stands for it
        if state.empty:
            states.pop(loan_id, None)
        else:
            states[loan_id] = state
        if state.open is not None and resting(loan, as_of.until):
            # The ledger may forget the loan then, and the warning must not outlive it.
            due = min(filter(None, (due, self._calendar.midnight(look.borrower.prune_on))))
        return due

    def _at(self, look: _Look, judge: Judge, state: RuleState | None) -> RuleState | None:
        """Look at one borrower or loan. None: there is nothing to remember, not even when to look again."""
        if state is None or state.quiet:
            due = judge.quiet_until(look.facts, look.as_of)
            if due is not None:
                return _stay_quiet(state, due)
        state = state or RuleState()
        self._judge(look, judge, state)
        return None if state.empty and not state.due else state

    def _judge(self, look: _Look, judge: Judge, state: RuleState) -> None:
        facts, as_of = look.facts, look.as_of
        judged = judge.judge(facts, as_of)
        step = self._step(look, judge, state, judged)
        if step is not None:
            reading = judge.read(facts, as_of)
            assert reading is not None, "a change comes of a measure"
            if step.kind == "raised" and state.open is not None:
                state.open.own_loan = look.loan_id
            if step.level is not None and state.open is not None:
                state.open.loan_id = look.loan_id or reading.loan_id or state.open.loan_id
            told = self._teller.tell(look.borrower, judge.rule, state, step, judged, reading, as_of, look.cause.event)
            look.changes.append(told)
            life.settle(state, step)
        state.due = judge.next_due(facts, state, judged, as_of) or 0

    def _step(self, look: _Look, judge: Judge, state: RuleState, judged: Judged) -> life.Step | None:
        """The next change of the warning, if there is one."""
        why = self._why_better(look, judge, state, judged)
        if why == "written_off" and judged.level is None:
            return life.end(state, "cleared", why)  # nothing can come back, so there is nothing to wait for
        step = self._correct(look, judge, state, judged) if why is None else None
        step = step or life.advance(state, judge.rule, judged, look.as_of)
        if why is not None and step is not None and step.kind in ("eased", "cleared"):
            return step._replace(reason=why)
        return step

    def _why_better(self, look: _Look, judge: Judge, state: RuleState, judged: Judged) -> str | None:
        """The reason of an open warning's improvement that is no recovery and no correction."""
        warning = state.open
        if warning is None or judged.value is None or (judged.level is not None and judged.level >= warning.level):
            return None
        return judge.why_better(look.facts, look.as_of, warning, self._raise_of(warning))

    def _raise_of(self, warning: Open) -> AsOf:
        return AsOf(warning.raised_at, self._calendar.day_of(warning.raised_at), warning.raised_until)

    def _correct(self, look: _Look, judge: Judge, state: RuleState, judged: Judged) -> life.Step | None:
        """Withdraw a warning that, as the facts now stand, should not have been raised and has no ground today."""
        warning, cause, now = state.open, look.cause, look.as_of.at
        if warning is None or judged.level is not None or cause.event is None or cause.since >= warning.raised_until:
            return None
        if judged.value is None:
            return None  # absent proves nothing
        if warning.own_loan != look.loan_id:
            return None  # raised before `per` was changed: of others than can be looked at now
        if warning.raised_at < now - KEPT_DAYS * DAY:
            return life.end(state, "cleared", "corrected")
        then = judge.judge(look.facts, self._raise_of(warning))
        return life.end(state, "withdrawn", "corrected") if then.level is None else None


def _stay_quiet(state: RuleState | None, due: int) -> RuleState | None:
    """Nothing to tell and nothing under way: only when to look again."""
    if state is None:
        return RuleState(due) if due else None
    state.due = due
    return state if due or not state.empty else None
