"""Every mistake in a ruleset is told with its line, its column and a caret: what is told stands in mistakes.txt."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.warning.core.rules.document import MAX_CHARACTERS, Problem, RulesetError
from services.warning.core.rules.loading import load_ruleset
from services.warning.settings import SHIPPED_RULESET

_TEXT = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8")
CASES = [case.split("-" * 60 + "\n") for case in _TEXT.split("=" * 60 + "\n")[1:]]
SHIPPED = SHIPPED_RULESET.read_text(encoding="utf-8")


@pytest.mark.parametrize(("text", "told"), CASES, ids=[f"{number}" for number in range(len(CASES))])
def test_a_mistake_is_told_with_its_place_and_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(text)
    assert f"{caught.value}\n" == told


@pytest.mark.parametrize(("text", "told"), CASES, ids=[f"{number}" for number in range(len(CASES))])
def test_each_caret_stands_in_the_column_it_names(text: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(text)
    for problem in caught.value.problems:
        shown, caret = problem.excerpt.split("\n")
        assert shown == f"{problem.line:>4} | {(text + chr(10)).split(chr(10))[problem.line - 1]}"
        assert caret == "     | " + " " * (problem.column - 1) + "^"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * (MAX_CHARACTERS + 1), "line 1, column 1: expected YAML: at most 500000 characters, got 500001"),
        ("a: \x07\n", "line 1, column 4: expected printable characters, got U+0007"),
        ('a: "\\UFFFFFFFF"\n', "line 1, column 7: expected an escape that names a character"),
    ],
)
def test_what_is_no_text_for_a_file_is_told_too(text: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(text)
    assert str(caught.value).startswith(told)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SHIPPED) - 1), st.integers(0, 40), st.text("{}[]:,-'\"&*!|>#%@` \n\t0a逾\u2028", max_size=4))
def test_a_ruleset_torn_at_any_place_is_right_or_told_what_is_wrong(at: int, length: int, instead: str) -> None:
    text = SHIPPED[:at] + instead + SHIPPED[at + length :]
    for problem in _problems(text):
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.column >= 1
        assert problem.message


def _problems(text: str) -> list[Problem]:
    try:
        load_ruleset(text)
    except RulesetError as error:
        return error.problems
    return []
