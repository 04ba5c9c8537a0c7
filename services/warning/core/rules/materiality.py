"""Reads `ledger:`, what a ruleset calls a material amount overdue."""

import re

import yaml

from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.rules.document import Document
from services.warning.core.rules.reading import describe, mapping, number
from services.warning.core.rules.ruleset import MILLION, Materiality

KINDS = ("individual", "enterprise")
_TERMS = ("materiality", "grace_days")
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,13})(?:\.[0-9]{1,4})?")
MAX_GRACE_DAYS = 365


def ledger(document: Document, node: yaml.Node) -> tuple[Materiality, dict[str, Materiality]]:
    """Materiality for everyone, and for a kind of borrower where it differs; what a kind leaves out is everyone's."""
    fields = mapping(document, node, "'ledger'", (*_TERMS, *KINDS))
    everyone = _terms(document, fields, Materiality())
    kinds = {
        kind: _terms(document, mapping(document, fields[kind], f"{kind!r}", _TERMS), everyone)
        for kind in KINDS
        if kind in fields
    }
    return everyone, kinds


def _terms(document: Document, fields: dict[str, yaml.Node], base: Materiality) -> Materiality:
    legs: dict[str, yaml.Node] = {}
    if "materiality" in fields:
        legs = mapping(document, fields["materiality"], "'materiality'", ("absolute", "relative"))
    return Materiality(
        absolute=_amount(document, legs["absolute"]) if "absolute" in legs else base.absolute,
        relative=_share(document, legs["relative"]) if "relative" in legs else base.relative,
        grace_days=_days(document, fields["grace_days"]) if "grace_days" in fields else base.grace_days,
    )


def _amount(document: Document, node: yaml.Node) -> int:
    quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
    if not quoted or not _AMOUNT.fullmatch(node.value):
        document.wrong(node, f"expected 'absolute' as a quoted decimal amount such as \"100.00\", got {describe(node)}")
        return 0
    return ten_thousandths(node.value)


def _share(document: Document, node: yaml.Node) -> int:
    value = number(document, node, "'relative'")
    if value is not None and not 0 <= value < 1:
        document.wrong(node, f"expected 'relative' from 0 up to 1 (0.01 is one percent), got {value:g}")
    return round((value or 0.0) * MILLION)


def _days(document: Document, node: yaml.Node) -> int:
    value = number(document, node, "'grace_days'")
    if value is not None and (value != int(value) or not 0 <= value <= MAX_GRACE_DAYS):
        document.wrong(node, f"expected 'grace_days' as whole days from 0 to {MAX_GRACE_DAYS}, got {value:g}")
    return int(value or 0)
