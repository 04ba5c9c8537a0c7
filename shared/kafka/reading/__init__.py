"""Records off a topic, whatever others wrote there: one that cannot be read is told as such and holds up no other."""

from shared.kafka.reading.fetching import UnreadableRecord, read_with_care
from shared.kafka.reading.judging import REASONS, UnreadableError, judged

__all__ = ["REASONS", "UnreadableError", "UnreadableRecord", "judged", "read_with_care"]
