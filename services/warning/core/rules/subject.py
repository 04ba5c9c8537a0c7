"""Reads `per:`, whom a rule warns of: the borrower, or each of its loans."""

from collections.abc import Mapping

import yaml

from services.warning.core.indicators.indicator import Indicator
from services.warning.core.rules.document import Document
from services.warning.core.rules.reading import describe
from services.warning.core.rules.ruleset import Expression, Subject


def subject(
    document: Document, node: yaml.Node, measured: str | Expression | None, catalogue: Mapping[str, Indicator]
) -> Subject:
    """Whom one warning of the rule is of. Of a loan it can only be where the measure differs from loan to loan."""
    if node.value == "borrower":
        return "borrower"
    if node.value != "loan":
        document.wrong(node, f"expected 'per' as borrower or loan, got {describe(node)}")
    elif measured is not None:
        names = (measured,) if isinstance(measured, str) else measured.names
        if not any(catalogue[name].per_loan for name in names):
            able = ", ".join(name for name, each in catalogue.items() if each.per_loan)
            found = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
            document.wrong(node, f"expected a measure that a loan has of its own ({able}); {found} the borrower's")
    return "loan"
