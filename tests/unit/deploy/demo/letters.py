"""Letters to the demo's people, and a system that knows of what they tell."""

from collections.abc import Sequence

from deploy.local.demo.deliveries import Deliveries, Letter
from services.notifier.core.message import Purpose
from shared.warnings import Kind, WarningChange

BRANCH = "Kano 1"


def knowing(*changes: WarningChange) -> Deliveries:
    """The system has been told of these, each at 1."""
    deliveries = Deliveries()
    for each in changes:
        deliveries.known[each.change_id] = each
        deliveries.at[each.change_id] = 1.0
        if each.kind is Kind.ACKNOWLEDGED:
            deliveries.acknowledged[each.warning_id] = each
        else:
            deliveries.changes.append(each)
    return deliveries


def letter(
    receiver: str,
    at: float,
    changes: Sequence[WarningChange],
    purpose: Purpose = Purpose.CHANGE,
    url: str | None = None,
) -> Letter:
    """To one of the people; of several changes it is a group of a branch."""
    purpose = Purpose.GROUP if len(changes) > 1 else purpose
    ids = tuple(each.change_id for each in changes)
    return Letter(receiver, at, purpose, ids, len(ids), {"branch": BRANCH} if len(ids) > 1 else {}, url)
