"""A gateway's request as its settings write it: values are templates, and what is put in cannot break out of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import msgspec
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

_templates = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_template = cache(_templates.from_string)  # as many as configurations ever wrote
FORM = "application/x-www-form-urlencoded"
KINDS = {"json": "application/json; charset=utf-8", "form": FORM}


def filled(body: Any, words: Mapping[str, Any]) -> Any:
    """The body with every text in it rendered; its shape, numbers and names stay. Raises jinja2's TemplateError."""
    if isinstance(body, str):
        return _template(body).render(words)
    if isinstance(body, Mapping):
        return {name: filled(value, words) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [filled(each, words) for each in body]
    return body


def encoded(body: Mapping[str, Any], kind: str) -> bytes:
    """The body as it travels."""
    return urlencode(body).encode() if kind == "form" else msgspec.json.encode(body)
