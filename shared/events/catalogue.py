"""Every event type there is, found in `types/`, and its JSON Schema."""

import pkgutil
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter, create_model

from shared.events import types
from shared.events.envelope import Envelope
from shared.events.fields import EventData

CONTROL_TYPES = frozenset({"clock.advanced"})
"""Types that go to every partition, not to one borrower's."""

CONTROL_SUBJECT = "clock"
"""Their subject and their key, which no borrower may have."""


def _discover() -> dict[str, type[EventData]]:
    for module in pkgutil.iter_modules(types.__path__):
        import_module(f"{types.__name__}.{module.name}")
    found = [each for each in EventData.__subclasses__() if "TYPE" in vars(each)]
    return {each.TYPE: each for each in sorted(found, key=lambda each: str(each.TYPE))}  # type: ignore[attr-defined]


DATA_MODELS: MappingProxyType[str, type[EventData]] = MappingProxyType(_discover())
"""The data model of each event type, by type."""


def _envelope(event_type: str, data: type[EventData]) -> type[Envelope[Any]]:
    return create_model(
        f"{data.__name__}Event",
        __base__=Envelope[data],  # type: ignore[valid-type]
        __doc__=data.__doc__,
        type=(Literal[event_type], ...),  # type: ignore[arg-type]
    )


ENVELOPES: MappingProxyType[str, type[Envelope[Any]]] = MappingProxyType(
    {event_type: _envelope(event_type, data) for event_type, data in DATA_MODELS.items()}
)

_union: Any = None
for _each in ENVELOPES.values():
    _union = _each if _union is None else _union | _each
ANY_EVENT: TypeAdapter[Envelope[EventData]] = TypeAdapter(Annotated[_union, Discriminator("type")])
"""Validates one structured event of any known type."""


@cache
def json_schema(event_type: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole event of this type. Raises KeyError for a type that is not known."""
    schema = ENVELOPES[event_type].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def example(event_type: str) -> dict[str, Any]:
    """A whole event of this type, as a sender would write it."""
    return {
        "specversion": "1.0",
        "id": f"example-{event_type}",
        "source": "/core-banking",
        "type": event_type,
        "subject": CONTROL_SUBJECT if event_type in CONTROL_TYPES else "B-1001",
        "time": "2026-03-01T09:30:00Z",
        "data": DATA_MODELS[event_type].EXAMPLE,  # type: ignore[attr-defined]
    }
