"""The published JSON Schemas say what the models say."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.events import DATA_MODELS, accept, example, json_schema

VALIDATORS = {event_type: Draft202012Validator(json_schema(event_type)) for event_type in DATA_MODELS}
TYPES = sorted(DATA_MODELS)

# Nothing here looks like a date or a time: of those a schema tells the shape, a model their range too.
VALUES: list[Any] = [
    None, True, 0, -1, 12.5, 10**30, "", " ", "x", "a b", "é", "1", "1.00", "-1.00", "0", "0.00", "1e5", "00.1",
    "1.23456", "NGN", "XXX", "ngn", "enterprise", "2026-13", "2026-02", "x" * 65, "x" * 201, [], [{}], {}, {"a": 1},
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _accepted(document: Any) -> bool:
    try:
        accept(json.dumps(document).encode())
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("event_type", TYPES)
def test_a_schema_is_valid_and_accepts_its_example(event_type: str) -> None:
    Draft202012Validator.check_schema(json_schema(event_type))
    VALIDATORS[event_type].validate(example(event_type))
    assert _accepted(example(event_type))


@pytest.mark.parametrize("event_type", TYPES)
def test_a_schema_asks_for_all_that_the_model_asks_for(event_type: str) -> None:
    whole = example(event_type)
    for path in _places(whole):
        document = copy.deepcopy(whole)
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        del parent[path[-1]]
        assert VALIDATORS[event_type].is_valid(document) == _accepted(document), path


@st.composite
def _changed(draw: st.DrawFn) -> tuple[str, Any]:
    event_type = draw(st.sampled_from(TYPES))
    document = copy.deepcopy(example(event_type))
    places = [place for place in _places(document) if place not in [("type",), ("subject",)]]
    path = draw(st.sampled_from(places))
    parent: Any = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))  # what is put in it must not stay in VALUES
    if draw(st.booleans()):
        parent = document if draw(st.booleans()) or not isinstance(document["data"], dict) else document["data"]
        parent[draw(st.sampled_from(["extra", "Extra", "traceparent", "x-y"]))] = draw(st.sampled_from(VALUES))
    return event_type, document


@given(_changed())
def test_schema_and_model_agree_on_whatever_is_changed(changed: tuple[str, Any]) -> None:
    event_type, document = changed
    assert VALIDATORS[event_type].is_valid(document) == _accepted(document), document
