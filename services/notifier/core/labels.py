"""By what changes are matched, grouped and compared: their labels."""

from collections.abc import Mapping
from typing import Literal, get_args

from shared.warnings import WarningChange

Label = Literal[
    "borrower", "loan", "rule", "family", "segment", "product", "region", "branch", "lender_unit",
    "relationship_manager", "group",
]  # fmt: skip
LABELS: tuple[str, ...] = get_args(Label)


def labels_of(change: WarningChange) -> Mapping[str, str | None]:
    """Every label's value, None where the change has none."""
    about = change.about
    return {
        "borrower": change.borrower_id,
        "loan": change.loan_id,
        "rule": change.rule,
        "family": change.family,
        "segment": about.segment,
        "product": about.product,
        "region": about.region,
        "branch": about.branch,
        "lender_unit": about.lender_unit,
        "relationship_manager": about.relationship_manager,
        "group": about.group,
    }
