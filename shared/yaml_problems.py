"""What a YAML reader says of a text that is none, without what stands there: it may be a secret in the wrong place."""

import re

import yaml

_QUOTING = re.compile(r"\b(alias|anchor|tag|tag handle) (?:'.*?'|\".*?\")")
"""A value that begins with `*`, `&` or `!` is one of these to YAML, and so may be a password's."""


def problem(error: yaml.MarkedYAMLError) -> str:
    """The reader's own words, which otherwise show single characters at most."""
    said = ", ".join(each for each in (error.context, error.problem) if each)
    return _QUOTING.sub(r"\1", said)
