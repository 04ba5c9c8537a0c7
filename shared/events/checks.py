"""How a field is checked: inside pydantic's compiled core, with one sentence for whatever is wrong with it."""

from typing import Any

from pydantic import GetPydanticSchema
from pydantic_core import core_schema


def checked(schema: core_schema.CoreSchema, expected: str, json_schema: dict[str, Any]) -> GetPydanticSchema:
    """`schema` decides; a sender reads `expected`, and in the published schema `json_schema`."""
    described = core_schema.custom_error_schema(schema, custom_error_type="expected", custom_error_message=expected)
    return GetPydanticSchema(lambda _source, _handler: described, lambda _core, _handler: json_schema)


def text(pattern: str, expected: str, **json_schema: Any) -> GetPydanticSchema:
    """Text of this pattern."""
    schema = core_schema.str_schema(pattern=pattern, strict=True)
    return checked(schema, expected, {"type": "string", "pattern": pattern, **json_schema})
