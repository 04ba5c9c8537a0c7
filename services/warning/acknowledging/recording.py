"""The one way by which somebody comes to answer for a warning."""

from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.warning.acknowledging.telling import ControlOutbox
from services.warning.store import queries
from services.warning.store.control import Acknowledged, acknowledge
from services.warning.worker.letters import SOURCE
from shared.events import utc_text
from shared.kafka.cloudevents import to_headers
from shared.kafka.producer import Outgoing
from shared.kafka.topics import Topics
from shared.warnings import WarningChange


class Recorder:
    """Stores an acknowledgement together with the record that tells of it."""

    def __init__(self, database: queries.Database, control: ControlOutbox, topics: Topics) -> None:
        self._database = database
        self._control = control
        self._topics = topics

    async def record(self, warning_id: UUID, given: Acknowledged) -> Acknowledged:
        """As it is stored now: one whose id is known stays as it was. Raises what `acknowledge` raises."""

        def tell(last_change: Any) -> Outgoing:
            return _told(self._topics.warnings, WarningChange.model_validate(last_change), given)

        done = await acknowledge(self._database, warning_id, given, tell)
        self._control.written()
        return done


def _told(topic: str, last: WarningChange, given: Acknowledged) -> Outgoing:
    """warning.acknowledged: the warning's last change, with who answers for it since when.

    One that has ended has no level any more, so it says which it had.
    """
    change_id = uuid5(last.warning_id, f"acknowledged {given.id}")
    data = {
        **last.model_dump(mode="json"),
        "change_id": str(change_id),
        "kind": "acknowledged",
        "reason": None,
        "previous_level": last.severity,
        "at": utc_text(given.at),
        "acknowledgement": {"id": str(given.id), "by": given.by, "note": given.note, "link_of": given.link_of},
    }
    attributes = {
        "specversion": "1.0",
        "id": str(change_id),
        "source": SOURCE,
        "type": "warning.acknowledged",
        "subject": last.borrower_id,
        "time": utc_text(given.at),
    }
    return Outgoing(topic, last.borrower_id.encode(), msgspec.json.encode(data), to_headers(attributes))
