"""Refusals in pydantic's own form that none of its models makes."""

from pydantic import ValidationError
from pydantic_core import PydanticCustomError


def refusal(kind: str, message: str, *location: str, given: str | None = None) -> ValidationError:
    """An error with one cause; `given` is shown with it where there is something to show."""
    error = PydanticCustomError(kind, "{said}", {"said": message})
    return ValidationError.from_exception_data("event", [{"type": error, "loc": location, "input": given}])
