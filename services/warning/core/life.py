"""The life of a warning: how a judgement turns into raised, escalated, eased, cleared or withdrawn.

quiet --hold--> raised --> escalated / eased --probation--> cleared
                   `--a correction shows it was wrong--> withdrawn
"""

from typing import NamedTuple

from services.warning.core.borrower import Open, RuleState
from services.warning.core.calendar import AsOf
from services.warning.core.judgement import Judged
from services.warning.core.rules.ruleset import Rule


class Step(NamedTuple):
    """One change: its kind and the levels after and before it."""

    kind: str
    level: int | None
    previous: int | None
    reason: str | None = None


def advance(state: RuleState, rule: Rule, judged: Judged, as_of: AsOf) -> Step | None:
    """Take a judgement into account. Changes `state` in place; at most one change comes of it.

    An absent measure proves nothing: an open warning stays, and what ran towards a raise or a clearing starts over.
    """
    if judged.value is None:
        state.held = {}
        if state.open is not None:
            state.open.recovered_since = -1
        return None
    reached = _held(state, rule, judged.level, as_of.at)
    if state.open is None:
        return None if reached is None else _raise(state, rule, reached, as_of)
    return _move(state, state.open, rule, judged, reached, as_of.at)


def _held(state: RuleState, rule: Rule, level: int | None, now: int) -> int | None:
    """The most severe level that has been hit for as long as the rule asks."""
    if not rule.hold:
        return level
    state.held = {} if level is None else {each: state.held.get(each, now) for each in range(level + 1)}
    return max((each for each, since in state.held.items() if now - since >= rule.hold), default=None)


def _raise(state: RuleState, rule: Rule, level: int, as_of: AsOf) -> Step:
    ordinal = state.last_ordinal + 1 if state.last_raised == as_of.at else 0
    state.open = Open(as_of.at, as_of.until, ordinal, level, None, 0, rule.family, state.last_raised)
    return Step("raised", level, None)


def _move(state: RuleState, warning: Open, rule: Rule, judged: Judged, reached: int | None, now: int) -> Step | None:
    if judged.level is None:
        return _recover(state, warning, rule, judged, now)
    warning.recovered_since = -1
    if reached is not None and reached > warning.level:
        return _to(warning, "escalated", reached)
    if judged.level < warning.level:
        return _to(warning, "eased", judged.level)
    return None


def _recover(state: RuleState, warning: Open, rule: Rule, judged: Judged, now: int) -> Step | None:
    """No band is hit: clear at once, or ease to the mildest level until the clear condition has held long enough."""
    assert judged.value is not None
    if rule.clear is None or rule.clear.holds(judged.value):
        since = warning.recovered_since if warning.recovered_since >= 0 else now
        if rule.clear is None or now - since >= rule.clear.after:
            return end(state, "cleared", "condition")
        warning.recovered_since = since
    else:
        warning.recovered_since = -1
    if judged.bands.mildest < warning.level:
        return _to(warning, "eased", judged.bands.mildest)
    return None


def _to(warning: Open, kind: str, level: int) -> Step:
    previous, warning.level = warning.level, level
    return Step(kind, level, previous)


def end(state: RuleState, kind: str, reason: str | None) -> Step:
    """Close the open warning. The caller has its last look at `state.open` before."""
    assert state.open is not None
    return Step(kind, None, state.open.level, reason)


def settle(state: RuleState, step: Step) -> None:
    """Write a change into the rule's own history, once it has been told."""
    warning = state.open
    assert warning is not None
    warning.changes += 1
    if step.kind == "raised":
        state.raised += 1
        state.last_raised, state.last_ordinal = warning.raised_at, warning.ordinal
    if step.level is None:
        state.open = None
        state.held = {}
