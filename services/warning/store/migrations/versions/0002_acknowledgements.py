"""What the API writes: acknowledgements, and the records it has still to publish."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE acknowledgements (
    acknowledgement_id uuid PRIMARY KEY,
    warning_id uuid NOT NULL,
    by_whom text NOT NULL,
    note text,
    at timestamptz NOT NULL
);
CREATE INDEX acknowledgements_by_warning ON acknowledgements (warning_id, at);
CREATE TABLE control_outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    headers bytea NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
