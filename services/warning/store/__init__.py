"""The only place with SQL: what the engine commits, what the API reads."""

from pathlib import Path

SCHEMA = "warning"
MIGRATIONS = Path(__file__).parent / "migrations"
