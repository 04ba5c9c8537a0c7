"""A name that stands twice in an object is found, wherever it stands and however it is written."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.events.repeats import repeated_name

NAMES = st.sampled_from(["a", "b", ":", 'a":', "\\", "é"])
LEAVES = st.none() | st.integers() | st.text(alphabet='a:"\\ é', max_size=6)
ESCAPED = {":": "\\u003a", "a": "\\u0061", '"': "\\u0022"}


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=4).map(tuple)


DOCUMENTS = st.recursive(LEAVES, _objects, max_leaves=12)
"""JSON values in which an object is a tuple of its members, so that it can say a name twice."""


@st.composite
def _written(draw: st.DrawFn, value: Any) -> str:
    """The value as JSON, with blanks and escapes as they come."""
    blank = draw(st.sampled_from(["", " ", "\n"]))
    if isinstance(value, tuple):
        members = [f"{draw(_text(name))}{blank}:{draw(_written(each))}" for name, each in value]
        return "{" + blank + f",{blank}".join(members) + "}"
    if isinstance(value, list):
        return "[" + f"{blank},".join(draw(_written(each)) for each in value) + "]"
    return draw(_text(value)) if isinstance(value, str) else json.dumps(value)


@st.composite
def _text(draw: st.DrawFn, value: str) -> str:
    plain = json.dumps(value, ensure_ascii=draw(st.booleans()))
    if "\\" in plain or not draw(st.booleans()):
        return plain
    return '"' + "".join(ESCAPED.get(each, each) for each in plain[1:-1]) + '"'


def _repeats(value: Any) -> bool:
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(_repeats(each) for _, each in value)
    return isinstance(value, list) and any(map(_repeats, value))


@given(DOCUMENTS.flatmap(lambda value: st.tuples(st.just(value), _written(value))))
def test_a_name_is_found_exactly_where_one_stands_twice(case: tuple[Any, str]) -> None:
    value, text = case
    written = msgspec.json.encode(msgspec.json.decode(text))
    assert (repeated_name(text.encode(), written) is not None) == _repeats(value)
