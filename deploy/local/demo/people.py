"""Who is told in the demo, and how: a system of every change, each branch's officers in groups, others if they must be.

A year goes by in a minute, so people wait seconds where a lender's would wait minutes and hours.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from deploy.local.demo.receiver import PATH, new_secret
from shared.warnings import Level

SYSTEM, OFFICERS, CHIEF, BOARD = "demo", "officers", "chief", "board"
PEOPLE = (OFFICERS, CHIEF, BOARD)
PATHS = {SYSTEM: PATH, **{name: f"/{name}" for name in PEOPLE}}

FOR_OFFICERS = frozenset({Level.YELLOW, Level.ORANGE, Level.RED})
HANDED_UP = frozenset({Level.ORANGE, Level.RED})
GROUP_WAIT, GROUP_INTERVAL = 1, 3
CHIEF_AFTER, BOARD_AFTER = 3, 2
"""Seconds: from when the officers are told, and from when the chief is."""

LINK_VARIABLE = "DEMO_LINK_SECRET"


def new_secrets() -> dict[str, str]:
    """A fresh secret for each receiver's webhook, and one that signs acknowledgement links, by environment variable."""
    return {**{_variable(name): new_secret() for name in PATHS}, LINK_VARIABLE: secrets.token_urlsafe(32)}


def secret_of(receiver: str, fresh: Mapping[str, str]) -> str:
    """The one that its messages are signed with."""
    return fresh[_variable(receiver)]


def _variable(receiver: str) -> str:
    return f"DEMO_{receiver.upper()}_SECRET"


def configuration(receivers_url: str, notifier_url: str) -> dict[str, Any]:
    """The notifier's configuration. It refuses loopback addresses unless they are allowed by name."""
    return {
        "receivers": {name: _receiver(name, receivers_url + path) for name, path in PATHS.items()},
        "routes": _routes(),
        "escalations": {
            "unanswered": {
                "steps": [
                    {"wait": f"{CHIEF_AFTER}s", "receivers": [CHIEF]},
                    {"wait": f"{BOARD_AFTER}s", "receivers": [BOARD]},
                ]
            }
        },
        "acknowledgement_links": {"base_url": notifier_url, "secrets": [{"secret_env": LINK_VARIABLE}]},
    }


def _receiver(name: str, url: str) -> dict[str, Any]:
    return {
        "channel": "webhook",
        "audience": "systems" if name == SYSTEM else "staff",
        "url": url,
        "secrets": [{"secret_env": _variable(name)}],
        "allow_networks": ["127.0.0.1/32"],
    }


def _routes() -> list[dict[str, Any]]:
    gathered = {"by": ["branch"], "wait": f"{GROUP_WAIT}s", "interval": f"{GROUP_INTERVAL}s"}
    grave = {"match": {"level": sorted(HANDED_UP)}, "receivers": [OFFICERS], "escalation": "unanswered"}
    return [
        {"match": {"kind": "acknowledged"}, "receivers": [SYSTEM, OFFICERS]},
        {"receivers": [SYSTEM], "continue": True},
        {"match": {"level": sorted(FOR_OFFICERS)}, "receivers": [OFFICERS], "group": gathered, "routes": [grave]},
    ]
