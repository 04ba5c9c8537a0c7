"""From a step in a warning's life to the change that is published: ids, evidence and words."""

from typing import Any

from services.warning.core.borrower import Borrower, Open, RuleState
from services.warning.core.calendar import AsOf, Calendar
from services.warning.core.changes import ENGINE_VERSION, Change, iso_day, named_id, utc
from services.warning.core.indicators import Reading
from services.warning.core.judgement import Judged
from services.warning.core.life import Step
from services.warning.core.records import Event
from services.warning.core.rules.ruleset import LEVELS, Rule, Ruleset, Subject
from services.warning.core.wording import Words, clears_when, text_of, written_off_text

MAX_ITEMS = 16


class Teller:
    """Writes changes under one ruleset."""

    def __init__(self, ruleset: Ruleset, calendar: Calendar) -> None:
        self._ruleset = {"name": ruleset.name, "version": ruleset.version, "digest": ruleset.digest}
        self._zone = calendar.zone

    def tell(
        self,
        borrower: Borrower,
        rule: Rule,
        state: RuleState,
        step: Step,
        judged: Judged,
        reading: Reading,
        as_of: AsOf,
        event: Event | None,
    ) -> Change:
        """One change. `state` is as before the step is settled, with the warning open."""
        warning = state.open
        assert warning is not None
        loan_id = reading.loan_id or warning.loan_id
        text = written_off_text(loan_id) if step.reason == "written_off" else None
        level = step.level if step.level is not None else step.previous
        assert level is not None, "a step has a level before or after it"
        return self._change(
            borrower, rule.id, rule.family, warning, step, as_of,
            per=rule.per,
            loan_id=loan_id,
            measure={"name": _measured(rule), "value": reading.value, "unit": rule.unit},
            band=_band(judged),
            evidence=_evidence(state, reading, event),
            clears_when=clears_when(rule, judged.bands) if step.level is not None else None,
            text=text or text_of(rule, reading.value, loan_id, borrower.id, level),
        )  # fmt: skip

    def ended(
        self, borrower: Borrower, rule_id: str, state: RuleState, step: Step, as_of: AsOf, words: Words, *, per: Subject
    ) -> Change:
        """The clearing of a warning whose rule or loan is no longer there to be asked."""
        warning = state.open
        assert warning is not None
        return self._change(
            borrower, rule_id, warning.family, warning, step, as_of,
            per=per,
            loan_id=warning.loan_id,
            measure={"name": rule_id, "value": None, "unit": ""},
            band=None,
            evidence=_evidence(state, None, None),
            clears_when=None,
            text={language: said.format(rule=rule_id, loan=warning.loan_id or "-") for language, said in words.items()},
        )  # fmt: skip

    def _change(
        self, borrower: Borrower, rule_id: str, family: str, warning: Open, step: Step, as_of: AsOf, **said: Any
    ) -> Change:
        subject = (borrower.id, rule_id, warning.own_loan) if warning.own_loan else (borrower.id, rule_id)
        warning_id = named_id("warning", *subject, warning.raised_at, warning.ordinal)
        level = _name(step.level)
        return Change(
            change_id=named_id(
                "change", warning_id, warning.changes, step.kind, level or "", as_of.at, said["loan_id"] or ""
            ),
            warning_id=warning_id,
            kind=step.kind,
            reason=step.reason,
            borrower_id=borrower.id,
            rule=rule_id,
            family=family,
            level=level,
            previous_level=_name(step.previous),
            at=utc(as_of.at),
            raised_at=utc(warning.raised_at),
            ruleset=self._ruleset,
            about=_about(borrower, said["loan_id"]),
            time_zone=self._zone,
            engine=ENGINE_VERSION,
            number=warning.changes,
            at_micros=as_of.at,
            raised_at_micros=warning.raised_at,
            **said,
        )


def _about(borrower: Borrower, loan_id: str | None) -> dict[str, str | None]:
    """Where the borrower and the loan belong, as the events so far have it."""
    profile = borrower.facts.profile
    loan = borrower.facts.ledger.loans.get(loan_id) if loan_id else None
    return {
        "segment": profile.segment,
        "product": loan.product if loan else None,
        "region": profile.region,
        "branch": profile.branch,
        "lender_unit": profile.lender_unit,
        "relationship_manager": profile.relationship_manager,
        "group": profile.group,
    }


def _name(level: int | None) -> str | None:
    return None if level is None else LEVELS[level]


def _measured(rule: Rule) -> str:
    return rule.measure if isinstance(rule.measure, str) else rule.measure.source


def _band(judged: Judged) -> dict[str, Any] | None:
    if judged.level is None:
        return None
    bands = judged.bands
    return {
        "level": LEVELS[judged.level],
        "direction": bands.direction,
        "threshold": bands.threshold(judged.level),
    }


def _evidence(state: RuleState, reading: Reading | None, event: Event | None) -> dict[str, Any]:
    warning = state.open
    window = reading.window if reading else None
    return {
        "event_id": event.id if event else None,
        "event_source": event.source if event else None,
        "items": [f"{each:016x}" for each in reading.items[:MAX_ITEMS]] if reading else [],
        "window": {"first": iso_day(window[0]), "last": iso_day(window[1])} if window else None,
        "own_past": {
            "raised_before": state.raised - (1 if warning and warning.changes else 0),
            "last_raised_at": utc(warning.raised_before) if warning and warning.raised_before >= 0 else None,
        },
    }
