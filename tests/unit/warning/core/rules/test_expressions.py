"""Expressions where indicators are absent: unknown, which is neither true nor false, and not zero."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.warning.core.indicators import CATALOGUE
from services.warning.core.rules.expressions import condition, measure
from services.warning.core.rules.loading import load_ruleset
from tests.events import disbursed, event, exposed
from tests.unit.warning.core.lives import Life

LATE, LENDERS = "days_past_due >= 1", "other_lenders_90d >= 3"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (f"{LENDERS} || {LATE}", True),
        (f"{LATE} || {LENDERS}", True),
        (f"{LENDERS} || !({LATE})", None),
        (f"{LENDERS} && {LATE}", None),
        (f"{LENDERS} && !({LATE})", False),
        (f"!({LATE}) && {LENDERS}", False),
        (f"!({LENDERS})", None),
        (f"{LENDERS} ? true : true", None),
        (f"{LATE} ? true : {LENDERS}", True),
        (f"{LATE} ? {LENDERS} : true", None),
        ("other_lenders_90d == other_lenders_90d", None),
        ("1 / (days_past_due - 5) > 0", None),
        (f"1 / (days_past_due - 5) > 0 || {LATE}", True),
        (f"!known.other_lenders_90d && {LATE}", True),
        ("known.other_lenders_90d && other_lenders_90d >= 0", False),
        ("known.days_past_due", True),
        (f"!known.revenue_change_3m || {LENDERS}", True),
    ],
)
def test_what_is_unknown_decides_nothing_and_what_is_known_does(source: str, value: bool | None) -> None:
    found = condition(source, CATALOGUE)
    assert found.evaluate(dict.fromkeys(found.names) | {"days_past_due": 5}) is value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("days_past_due + other_lenders_90d", None),
        ("known.other_lenders_90d ? days_past_due + other_lenders_90d : days_past_due", 5),
        ("100 / (days_past_due - 5)", None),
        ("revenue_change_3m * 2.0", None),
    ],
)
def test_a_number_that_takes_something_unknown_is_absent(source: str, value: int | None) -> None:
    found = measure(source, CATALOGUE)
    assert found.evaluate(dict.fromkeys(found.names) | {"days_past_due": 5}) == value


def test_an_indicator_of_which_it_only_asks_whether_it_is_known_is_read_too() -> None:
    assert condition("known.revenue_months || days_past_due > 3", CATALOGUE).names == (
        "days_past_due",
        "revenue_months",
    )
    assert condition("size('known.revenue_months') > days_past_due", CATALOGUE).names == ("days_past_due",)


Tree = tuple[Any, ...]
VARIABLES = ["days_past_due", "other_lenders_90d", "revenue_months"]
_leaves = st.tuples(st.sampled_from(["at least 3", "known"]), st.sampled_from(VARIABLES))
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("!"), inner),
        st.tuples(st.sampled_from(["||", "&&"]), inner, inner),
        st.tuples(st.just("?"), inner, inner, inner),
    ),
    max_leaves=8,
)


def _written(tree: Tree) -> str:
    match tree:
        case ("at least 3", name):
            return f"{name} >= 3"
        case ("known", name):
            return f"known.{name}"
        case ("!", inner):
            return f"!({_written(inner)})"
        case ("?", *parts):
            one, two, three = map(_written, parts)
            return f"(({one}) ? ({two}) : ({three}))"
    return f"({_written(tree[1])}) {tree[0]} ({_written(tree[2])})"


def _worked_out(tree: Tree, values: dict[str, int | None]) -> bool | None:
    """By Kleene's tables: what is unknown may turn out either way."""
    match tree:
        case ("at least 3", name):
            value = values[name]
            return None if value is None else value >= 3
        case ("known", name):
            return values[name] is not None
        case ("!", inner):
            found = _worked_out(inner, values)
            return None if found is None else not found
        case ("?", asked, then, otherwise):
            found = _worked_out(asked, values)
            return None if found is None else _worked_out(then if found else otherwise, values)
    decisive: bool = tree[0] == "||"
    both = [_worked_out(each, values) for each in tree[1:]]
    if decisive in both:
        return decisive
    return None if None in both else not decisive


@settings(max_examples=150, deadline=None)
@given(_trees, st.fixed_dictionaries({name: st.sampled_from([None, 0, 5]) for name in VARIABLES}))
def test_conditions_follow_three_valued_logic(tree: Tree, values: dict[str, int | None]) -> None:
    found = condition(_written(tree), CATALOGUE)
    assert found.evaluate({name: values[name] for name in found.names}) is _worked_out(tree, values)


STRAINED = """
ruleset: strained
rules:
  - id: strained
    family: mixed
    measure: days_past_due
    above: {blue: 1}
    given: other_lenders_90d >= 3 || days_past_due >= 3
"""
SEASONAL = """
ruleset: seasonal
rules:
  - id: late
    family: repayment
    measure: days_past_due
    above: {blue: 1}
    segments:
      SME seasonal: {above: {yellow: 2}}
      小微企业: {above: {red: 2}}
"""


def test_a_guard_fires_on_the_half_that_is_known_and_time_alone_brings_it_there() -> None:
    life = Life(STRAINED)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.waits("2026-02-01")
    assert life.told == ["raised blue 2026-01-12T23"]


def test_a_guard_fires_when_what_was_unknown_becomes_known() -> None:
    life = Life(STRAINED)
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.says(*(exposed("B1", "2026-01-11", f"bank-{number}") for number in range(3)))
    assert life.told == ["raised blue 2026-01-11T12"]


@pytest.mark.parametrize(("segment", "level"), [("SME seasonal", "yellow"), ("小微企业", "red"), ("sme", "blue")])
def test_a_rule_names_a_segment_as_events_carry_it(segment: str, level: str) -> None:
    life = Life(SEASONAL)
    life.says(event("borrower.registered", "B1", "2026-01-01", {"kind": "enterprise", "segment": segment}))
    life.says(disbursed("B1", "2026-01-05", "2026-01-10"))
    life.waits("2026-01-13")
    assert [each.split()[1] for each in life.told] == [level]


@pytest.mark.parametrize("segment", [" both ends ", "a" * 64, "a: b", "Ł-1/2 & Co. [x]", "'quoted'"])
def test_every_word_an_event_takes_is_a_segment_a_rule_takes(segment: str) -> None:
    key = segment.replace("'", "''")
    text = SEASONAL.replace("小微企业", f"'{key}'")
    assert segment in load_ruleset(text).rules[0].segments
