"""What paths hold."""

from typing import Annotated

from fastapi import Path

from shared.events.fields import Identifier

BorrowerId = Annotated[
    Identifier, Path(description="Percent-encoded; with `:path` in the route, slashes are taken either way")
]
"""A borrower as a route takes it: `{borrower_id:path}`, since a server decodes a path before it looks for the route."""
