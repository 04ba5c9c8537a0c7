"""What becomes of warnings whose rule or loan is gone, or whose rule now warns of another subject."""

from collections.abc import Mapping
from typing import NamedTuple

from services.warning.core import life
from services.warning.core.borrower import Borrower, RuleState
from services.warning.core.calendar import AsOf
from services.warning.core.changes import Change
from services.warning.core.judgement import Judge
from services.warning.core.rules.ruleset import Subject
from services.warning.core.telling import Teller
from services.warning.core.wording import FORGOTTEN, NOW_BY_BORROWER, NOW_BY_LOAN, RETIRED, Words


class _Why(NamedTuple):
    reason: str
    words: Words
    per: Subject


_RETIRED = _Why("rule_retired", RETIRED, "borrower")
_RETIRED_BY_LOAN = _Why("rule_retired", RETIRED, "loan")
_NOW_BY_LOAN = _Why("rule_retired", NOW_BY_LOAN, "borrower")
_NOW_BY_BORROWER = _Why("rule_retired", NOW_BY_BORROWER, "loan")
_FORGOTTEN = _Why("loan_forgotten", FORGOTTEN, "loan")


class Succession:
    """Hands warnings on to the rules of one ruleset, and ends those that nothing answers for."""

    def __init__(self, judges: Mapping[str, Judge], teller: Teller) -> None:
        self._judges = judges
        self._teller = teller

    def take_over(self, borrower: Borrower, as_of: AsOf, changes: list[Change]) -> None:
        """Clear the warnings of rules that are gone. Where `per` has changed, hand on what can be, and clear the rest.

        The rules that stay are looked at anew by the caller.
        """
        rules = borrower.rules
        for rule_id in list(rules):
            judge = self._judges.get(rule_id)
            if judge is None:
                self._clear_all(borrower, rule_id, rules.pop(rule_id), as_of, changes)
            elif judge.rule.per_loan and not rules[rule_id].empty and not rules[rule_id].loans:
                rules[rule_id] = self._by_loan(borrower, rule_id, rules[rule_id], as_of, changes)
            elif not judge.rule.per_loan and rules[rule_id].loans:
                rules[rule_id] = self._by_borrower(borrower, rule_id, rules[rule_id], as_of, changes)

    def forget(self, borrower: Borrower, as_of: AsOf, changes: list[Change]) -> None:
        """Drop what rules remember of loans that the ledger has forgotten; what is open of them is cleared."""
        loans = borrower.facts.ledger.loans
        for rule_id, state in list(borrower.rules.items()):
            for loan_id in sorted(state.loans.keys() - loans.keys()):
                self._clear(borrower, rule_id, state.loans.pop(loan_id), as_of, changes, _FORGOTTEN)
            if state.empty and not state.due:
                del borrower.rules[rule_id]

    def _by_loan(
        self, borrower: Borrower, rule_id: str, state: RuleState, as_of: AsOf, changes: list[Change]
    ) -> RuleState:
        """A warning of the borrower goes on, under its id, as that of the loan it names."""
        loan_id = state.open.loan_id if state.open is not None else None
        if loan_id is not None and loan_id in borrower.facts.ledger.loans:
            return RuleState(state.due, loans={loan_id: state})
        self._clear(borrower, rule_id, state, as_of, changes, _NOW_BY_LOAN)
        return RuleState(state.due)

    def _by_borrower(
        self, borrower: Borrower, rule_id: str, state: RuleState, as_of: AsOf, changes: list[Change]
    ) -> RuleState:
        """The most severe of the loans' warnings goes on, under its id, as the borrower's; of equals, the oldest."""
        opened = {loan_id: each.open for loan_id, each in state.loans.items() if each.open is not None}
        worst = min(opened, key=lambda each: (-opened[each].level, opened[each].raised_at, each), default=None)
        for loan_id in sorted(opened):
            if loan_id != worst:
                self._clear(borrower, rule_id, state.loans[loan_id], as_of, changes, _NOW_BY_BORROWER)
        heir = RuleState() if worst is None else state.loans[worst]
        heir.due = state.due
        return heir

    def _clear_all(
        self, borrower: Borrower, rule_id: str, state: RuleState, as_of: AsOf, changes: list[Change]
    ) -> None:
        self._clear(borrower, rule_id, state, as_of, changes, _RETIRED)
        for loan_id in sorted(state.loans):
            self._clear(borrower, rule_id, state.loans[loan_id], as_of, changes, _RETIRED_BY_LOAN)

    def _clear(
        self, borrower: Borrower, rule_id: str, state: RuleState, as_of: AsOf, changes: list[Change], why: _Why
    ) -> None:
        if state.open is not None:
            step = life.end(state, "cleared", why.reason)
            changes.append(self._teller.ended(borrower, rule_id, state, step, as_of, why.words, per=why.per))
