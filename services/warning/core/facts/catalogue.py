"""Every family of facts there is, found in this folder, and the struct that holds one state of each."""

import pkgutil
from importlib import import_module
from types import MappingProxyType
from typing import Any

import msgspec

import services.warning.core.facts as package
from services.warning.core.facts.family import Apply, Check, Family


def _discover() -> dict[str, Family]:
    modules = (import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__))
    found = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


FAMILIES: MappingProxyType[str, Family] = MappingProxyType(_discover())
"""By name."""

Facts: Any = msgspec.defstruct(
    "Facts",
    [(name, family.state, msgspec.field(default_factory=family.state)) for name, family in FAMILIES.items()],
    omit_defaults=True,
    gc=False,
)
"""One state of each family, by its name. What is empty is not stored."""


def readers_of(event_type: str) -> list[tuple[str, msgspec.json.Decoder[Any], Apply]]:
    """The families that read this type, each with a decoder of the fields it wants."""
    return [
        (name, msgspec.json.Decoder(family.handlers[event_type][0]), family.handlers[event_type][1])
        for name, family in FAMILIES.items()
        if event_type in family.handlers
    ]


def checks_of(event_type: str) -> dict[str, Check]:
    """By family that reads this type: what may find that an event does not fit what is known."""
    return {name: family.checks[event_type] for name, family in FAMILIES.items() if event_type in family.checks}
