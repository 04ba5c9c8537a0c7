"""The few pages that people see: plain HTML in English and Chinese, without scripts, kept by nobody."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.4rem}input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem}"
    "button{font:inherit;padding:.6rem 1.2rem;cursor:pointer}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""The address of a page is a secret: it is not to be stored, indexed or told to another site."""
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in both languages."""

    en: str
    zh: str


def page(
    title: Said,
    *saying: Said,
    status: int = 200,
    asks_for: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page. `asks_for` is the receiver that the button is for; without it there is none."""
    content = _TEMPLATES.get_template("page.html.j2").render(
        title=title, saying=saying, asks=asks_for is not None, receiver=asks_for or "", style=_STYLE
    )
    return HTMLResponse(content, status_code=status, headers={**HEADERS, **(headers or {})})
