"""Who is told of a change."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.notifier.core.routing import Route, receivers_of
from shared.warnings import Kind, Level, WarningChange
from tests.changes import change, recovery

ROUTES = TypeAdapter(tuple[Route, ...])


def _told(routes: Sequence[object], given_change: WarningChange) -> tuple[str, ...]:
    return receivers_of(ROUTES.validate_python([*routes]), given_change)


def test_the_first_route_that_matches_decides() -> None:
    routes = [{"match": {"level": "red"}, "receivers": ["a"]}, {"receivers": ["b"]}, {"receivers": ["c"]}]

    assert _told(routes, change()) == ("b",)
    assert _told(routes, change(level=Level.RED)) == ("a",)


def test_continue_looks_at_the_next_route_too_and_nobody_is_told_twice() -> None:
    routes = [{"receivers": ["a", "b"], "continue": True}, {"receivers": ["b", "c"]}, {"receivers": ["d"]}]

    assert _told(routes, change()) == ("a", "b", "c")


def test_an_inner_route_goes_before_its_outer_ones_receivers() -> None:
    inner = {"match": {"rule": ["missed_payment", "other"]}, "receivers": ["payments"]}
    routes = [{"match": {"family": "repayment"}, "receivers": ["desk"], "routes": [inner]}]

    assert _told(routes, change()) == ("payments",)
    assert _told(routes, change(rule="late_report")) == ("desk",)
    assert _told(routes, change(family="business")) == ()


def test_a_route_that_matches_and_tells_nobody_ends_the_search() -> None:
    silent = {"match": {"family": "repayment"}, "routes": [{"match": {"level": "red"}, "receivers": ["a"]}]}

    assert _told([silent, {"receivers": ["b"]}], change()) == ()


def test_whoever_is_told_of_red_is_told_of_its_end() -> None:
    routes = [{"match": {"level": "yellow"}, "receivers": ["a"]}]

    assert _told(routes, change()) == _told(routes, recovery()) == ("a",)


def test_an_acknowledgement_is_only_for_those_who_asked_for_it() -> None:
    acknowledged = change(kind=Kind.ACKNOWLEDGED, previous_level=Level.YELLOW)
    asking = {"match": {"kind": ["acknowledged", "raised"]}, "receivers": ["b"]}

    assert _told([{"receivers": ["a"]}, asking], acknowledged) == ("b",)
    assert _told([{"receivers": ["a"], "routes": [asking]}], acknowledged) == ("b",)
    assert _told([{"receivers": ["a"]}], acknowledged) == ()


def test_a_route_to_nobody_is_refused() -> None:
    with pytest.raises(ValidationError, match="leads to nobody"):
        ROUTES.validate_python([{"match": {}}])


MATCHES = st.fixed_dictionaries(
    {}, optional={"level": st.lists(st.sampled_from(Level), min_size=1), "kind": st.sampled_from(Kind)}
)
TREES = st.recursive(
    st.fixed_dictionaries(
        {"match": MATCHES, "receivers": st.lists(st.sampled_from("abc"), min_size=1)},
        optional={"continue": st.booleans()},
    ),
    lambda inner: st.fixed_dictionaries(
        {"match": MATCHES, "routes": st.lists(inner, min_size=1, max_size=3)}, optional={"continue": st.booleans()}
    ),
    max_leaves=8,
)


@given(st.lists(TREES, max_size=4), st.sampled_from(Kind), st.sampled_from(Level))
def test_each_receiver_is_named_once_and_only_if_a_route_names_it(
    routes: list[dict[str, Any]], kind: Kind, level: Level
) -> None:
    told = _told(routes, change(kind=kind, level=level))

    assert len(told) == len(set(told))
    assert set(told) <= set("abc")
