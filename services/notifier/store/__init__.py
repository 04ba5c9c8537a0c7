"""What the notifier keeps: changes seen, deliveries, the queue of what is still to do, and every attempt."""

from pathlib import Path

SCHEMA = "notifier"
MIGRATIONS = Path(__file__).with_name("migrations")
