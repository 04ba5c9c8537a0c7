"""Text that people and programs put into requests and files, as all of it is taken.

PostgreSQL has no NUL in a text, and a lone surrogate is no UTF-8: neither gets further than the field it came in.
"""

from typing import Annotated

from pydantic import Field

Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]
"""One line, without control characters: who somebody is, what something is called."""

Prose = Annotated[str, Field(pattern=r"^[^\x00]+$", max_length=2_000)]
"""Some words, on as many lines as they need."""

Note = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=2_000)]
"""As Prose, and may be empty."""
