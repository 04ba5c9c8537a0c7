"""YAML is read within bounds, and what is none is told with its place."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.yaml_text import MAX_DEPTH, MAX_VALUES, NotYamlError, compose, decoded, excerpt, repeated_keys, values


def _refused(text: str, **how: bool) -> NotYamlError:
    with pytest.raises(NotYamlError) as found:
        values(compose(text, **how))
    return found.value


def _bomb(lines: int, each: int) -> str:
    """A list of lists of lists, each written once and told `each` times."""
    return "a0: &a0 x\n" + "".join(
        f"a{line}: &a{line} [{', '.join([f'*a{line - 1}'] * each)}]\n" for line in range(1, lines)
    )


@pytest.mark.parametrize("text", [_bomb(10, 9), _bomb(19, 2), "a: &a {b: c}\nd: [" + "*a," * 90_000 + "]"])
def test_aliases_that_write_out_to_too_much_are_refused_at_the_one_that_is_too_much(text: str) -> None:
    refused = _refused(text)

    assert str(refused) == f"expected at most {MAX_VALUES} values with every alias written out"
    assert text[refused.index] == "*"


def test_merged_mappings_count_as_if_they_were_written_out() -> None:
    merged = "a0: &a0 {x: 1}\n" + "".join(
        f"a{line}: &a{line} {{<<: [{', '.join([f'*a{line - 1}'] * 9)}]}}\n" for line in range(1, 9)
    )
    assert "every alias written out" in str(_refused(merged))


def test_aliases_are_as_deep_as_what_they_hold() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{line}: &a{line} [*a{line - 1}]\n" for line in range(1, MAX_DEPTH + 1))

    refused = _refused(chain)

    assert str(refused) == f"nested more than {MAX_DEPTH} deep"
    assert excerpt(chain, refused.index).line == MAX_DEPTH - 1


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_text_may_be_as_deep_as_the_bound_and_no_deeper(opening: str) -> None:
    assert str(_refused(opening * 3_000)) == f"nested more than {MAX_DEPTH} deep"
    assert values(compose("[" * MAX_DEPTH + "]" * MAX_DEPTH)) is not None


def test_an_alias_within_what_it_stands_for_is_refused() -> None:
    assert str(_refused("a: &a\n  b: *a")) == "the alias stands within what it stands for"


@pytest.mark.parametrize("text", ["a: &a 1", "a: *a", "a: !!str 1", "a: !x 1"])
def test_a_plain_text_means_what_it_shows(text: str) -> None:
    assert str(_refused(text, plain=True)).startswith("expected no ")


@pytest.mark.parametrize(
    "text", ["a: 2026-02-30", "a: " + "9" * 5_000, "a: !!timestamp noon", "a: !!int ''", "a: !!bool x", "a: !!float ''",
             "a: !!binary x", "? [a]\n: b", "a: !!omap b", "a: !!python/name:os.system x"],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_where_it_stands(text: str) -> None:
    assert _refused(text).index == (2 if text.startswith("?") else 3)


def test_keys_that_stand_twice_are_found_but_not_merges() -> None:
    root = compose("a: &a {x: 1, y: 2, x: 3}\nb: {<<: *a, <<: *a}\na: 1")
    assert [(each.value, each.start_mark.line) for each in repeated_keys(root)] == [("x", 0), ("a", 2)]


def test_bytes_that_are_no_text_are_told_with_their_place() -> None:
    with pytest.raises(ValueError, match="line 2, column 4: expected UTF-8, got the byte 0xff"):
        decoded(b"a: 1\nb: \xff")


LEAVES = st.none() | st.integers() | st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]))


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)


@given(st.recursive(LEAVES, _nested, max_leaves=8))
def test_what_was_written_comes_back(value: Any) -> None:
    assert values(compose(yaml.safe_dump(value))) == value


@given(st.text(alphabet="{}[]:,-&*!|>'\"\\%? \n\tab0u<", max_size=60) | st.text(max_size=100))
def test_whatever_the_text_is_it_is_read_or_refused_at_a_place_of_it(text: str) -> None:
    for plain in (False, True):
        refused = _refusal(text, plain=plain)
        assert refused is None or (str(refused) and 0 <= refused.index <= len(text))


def _refusal(text: str, *, plain: bool) -> NotYamlError | None:
    try:
        values(compose(text, plain=plain))
    except NotYamlError as error:
        return error
    return None
