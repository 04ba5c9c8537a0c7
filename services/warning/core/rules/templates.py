"""Reads a rule's text: English and Chinese, with placeholders that are filled when a warning is told."""

from string import Formatter

import yaml

from services.warning.core.rules.document import Document
from services.warning.core.rules.reading import mapping, required, suggestion, text

LANGUAGES = ("en", "zh")
PLACEHOLDERS = ("value", "loan", "borrower", "level")


def texts(document: Document, node: yaml.Node) -> dict[str, str]:
    """The rule's text by language."""
    fields = mapping(document, node, "'text'", LANGUAGES)
    required(document, node, fields, "'text'", *LANGUAGES)
    found = {}
    for language in [each for each in LANGUAGES if each in fields]:
        template = text(document, fields[language], f"text {language!r}")
        if template is not None and _fillable(document, fields[language], template):
            found[language] = template
    return found


def _fillable(document: Document, node: yaml.Node, template: str) -> bool:
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        document.wrong(node, f"expected placeholders such as {{value}}, and {{{{ for a brace of its own: {error}")
        return False
    wrong = [said for _, name, form, conversion in parts if (said := _unknown(name, form, conversion))]
    for said in wrong:
        document.wrong(node, said)
    return not wrong


def _unknown(name: str | None, form: str | None, conversion: str | None) -> str | None:
    if name is None:
        return None
    if form or conversion:
        return f"expected {{{name}}} without a format of its own: values come with their unit"
    if name not in PLACEHOLDERS:
        return f"unknown placeholder {{{name}}}; {suggestion(name, PLACEHOLDERS)}"
    return None
