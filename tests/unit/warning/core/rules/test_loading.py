"""A ruleset's text becomes a Ruleset, or every mistake in it is told at its place."""

from itertools import pairwise

import pytest

from services.warning.core.calendar import DAY
from services.warning.core.rules.document import RulesetError
from services.warning.core.rules.loading import load_ruleset
from services.warning.core.rules.ruleset import Bands, Clear, Materiality

FULL = """\
ruleset: full
version: 2
ledger:
  materiality: {absolute: "100.5", relative: 0.01}
  grace_days: 2
  enterprise: {materiality: {absolute: "500"}}
rules:
  - id: late
    family: repayment
    measure: days_past_due
    above: {red: 90, yellow: 7}
    given: other_lenders_90d > 0
    hold: 12h
    clear: {below: 3, after: 30d}
    segments: {farm: {above: {yellow: 30}}}
    text: {en: "{value}", zh: "{value}"}
    source: a norm
  - id: mixed
    family: mixed
    measure: revenue_change_3m * 2.0
    unit: ratio
    below: {blue: -0.5}
"""


def test_everything_a_ruleset_says_is_taken() -> None:
    found = load_ruleset(FULL)
    late, mixed = found.rules
    assert (found.name, found.version, len(found.digest)) == ("full", "2", 64)
    assert found.materiality == Materiality(absolute=1_005_000, relative=10_000, grace_days=2)
    assert found.materiality_by_kind == {"enterprise": Materiality(absolute=5_000_000, relative=10_000, grace_days=2)}
    assert late.bands == Bands("above", ((7.0, 1), (90.0, 3)))
    assert (late.hold, late.clear) == (DAY // 2, Clear("below", 3.0, 30 * DAY))
    assert late.segments == {"farm": Bands("above", ((30.0, 1),))}
    assert late.indicators == ("days_past_due", "other_lenders_90d")
    assert (late.unit, mixed.unit, mixed.hold, mixed.clear) == ("days", "ratio", 0, None)


def test_a_rule_without_a_text_says_what_was_measured() -> None:
    text = load_ruleset(FULL).rules[1].text
    assert text["en"] == "{level}: revenue_change_3m * 2.0 is {value} for borrower {borrower}."


def test_a_rule_per_loan_says_so_and_is_another_rule_than_one_of_the_borrower() -> None:
    late, _ = load_ruleset(FULL).rules
    each = load_ruleset(FULL.replace("hold: 12h", "per: loan\n    hold: 12h"))
    assert (late.per, each.rules[0].per) == ("borrower", "loan")
    assert (
        each.digest != load_ruleset(FULL).digest == load_ruleset(FULL.replace("hold", "per: borrower\n    hold")).digest
    )
    plain = load_ruleset(_with("per: loan")).rules[0].text["en"]
    assert plain == "{level}: days_past_due is {value} for loan {loan} of borrower {borrower}."


def test_the_digest_stands_for_what_is_said_and_not_for_how() -> None:
    digest = load_ruleset(FULL).digest
    assert (
        load_ruleset("# a comment\n" + FULL.replace("{red: 90, yellow: 7}", "{yellow: 7.0, red: 90}")).digest == digest
    )
    for changed in (
        FULL.replace("red: 90", "red: 91"),
        FULL.replace("a norm", "another"),
        FULL.replace("full", "other"),
    ):
        assert load_ruleset(changed).digest != digest


def test_a_ruleset_without_a_version_is_known_by_its_digest() -> None:
    found = load_ruleset(FULL.replace("version: 2\n", ""))
    assert found.version == found.digest[:12]


def _with(line: str) -> str:
    return f"""\
ruleset: r
rules:
- id: a
  family: f
  measure: days_past_due
  above: {{blue: 1}}
  {line}
"""


def test_all_mistakes_are_told_in_the_order_of_the_text() -> None:
    text = (
        FULL.replace("90, yellow", "9x, yellow").replace("hold: 12h", "hold: never").replace("blue: -0.5", "bleu: -0.5")
    )
    with pytest.raises(RulesetError) as caught:
        load_ruleset(text)
    places = [(each.line, each.column) for each in caught.value.problems]
    assert [line for line, _ in places] == [11, 13, 22]
    assert all(before < after for before, after in pairwise(places))
    assert str(caught.value).count("^") == 3


def test_the_caret_stands_right_below_wide_characters() -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset("规则: 逾期\n")
    first = caught.value.problems[0]
    assert first.excerpt == "   1 | 规则: 逾期\n     | ^"
    with pytest.raises(RulesetError) as caught:
        load_ruleset(_with('text: {en: "逾期", zh: "{天}"}'))
    shown, caret = caught.value.problems[0].excerpt.split("\n")
    assert caret.index("^") == shown.index('"{天') + 2


@pytest.mark.parametrize(
    ("lines", "line", "column"),
    [
        (["given: >-", "    revenue_months >= 6 &&", "    nothing > 1"], 9, 7),
        (["given: |", "    revenue_months >= 6 &&", "      nothing > 1"], 9, 9),
        (['given: "revenue_months >= 6 && nothing > 1"'], 7, 34),
        (["given: 'revenue_months >= 6 &&", "    nothing > 1'"], 8, 7),
    ],
)
def test_a_mistake_in_an_expression_is_found_however_it_is_written(lines: list[str], line: int, column: int) -> None:
    with pytest.raises(RulesetError, match="unknown indicator 'nothing'") as caught:
        load_ruleset(_with("\n  ".join(lines)))
    assert [(each.line, each.column) for each in caught.value.problems] == [(line, column)]
