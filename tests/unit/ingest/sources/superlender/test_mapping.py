"""A row that is not as the mapping expects is refused by the name of its column."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.superlender.examples import EXAMPLES
from services.ingest.sources.superlender.mapping import INSTALMENTS, earlier_loan, final_loan

EARLIER, FINAL = EXAMPLES[0].row, EXAMPLES[2].row


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"totaldue": "plenty"}, "totaldue: expected an amount above zero in plain digits .*, got 'plenty'"),
        ({"totaldue": "13,000.00"}, "totaldue: .*, got '13,000.00'"),
        ({"loanamount": "1E+04"}, r"loanamount: .*, got '1E\+04'"),
        ({"systemloanid": "3.01E+14"}, r"systemloanid: expected all digits of a number, got '3.01E\+14'"),
        ({"closeddate": "01/09/2016"}, "closeddate: expected a local time such as .*, got '01/09/2016'"),
        ({"closeddate": ""}, "closeddate: expected a value, found none"),
        ({"termdays": "45"}, "termdays: expected one of 15, 30, 60, 90, got '45'"),
        ({"termdays": "a month"}, "termdays: expected one of 15, 30, 60, 90, got 'a month'"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(change: Mapping[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(earlier_loan({**EARLIER, **change}))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="firstrepaiddate: expected a value, found no such column"):
        list(earlier_loan(FINAL))


@given(st.decimals(1, 1_000_000, places=4), st.sampled_from(sorted(INSTALMENTS)))
def test_instalments_add_up_to_the_total_due(total: Decimal, term: int) -> None:
    (disbursed,) = final_loan({**FINAL, "totaldue": str(total), "termdays": str(term)})
    schedule = disbursed["data"]["schedule"]
    assert len(schedule) == INSTALMENTS[term]
    assert sum(Decimal(each["amount"]) for each in schedule) == total
