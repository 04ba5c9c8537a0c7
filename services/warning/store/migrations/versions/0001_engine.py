"""What the engine keeps: progress, states, timers, outbox, warnings and their changes."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# States are rewritten by nearly every event: room on the page keeps the rewrite there (HOT), and a state up to 8 kB
# stays out of the TOAST table. Timers have a table of their own, since a HOT update may not touch an index. Changes are
# json, not jsonb: nothing searches them, and taking them apart cost the server as much as all the rest of a commit.
TABLES = """
CREATE TABLE deployment (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    time_zone text NOT NULL,
    partitions int NOT NULL
);
CREATE TABLE partition_progress (
    topic text NOT NULL,
    partition int NOT NULL,
    epoch bigint NOT NULL,
    version bigint NOT NULL,
    commit_id uuid,
    next_offset bigint NOT NULL,
    clock bigint NOT NULL,
    outbox_seq bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
CREATE TABLE borrowers (
    borrower_id text PRIMARY KEY,
    partition int NOT NULL,
    state_schema smallint NOT NULL DEFAULT 1,
    state bytea NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160);
ALTER TABLE borrowers ALTER COLUMN state SET STORAGE MAIN;
CREATE TABLE timers (
    borrower_id text PRIMARY KEY,
    partition int NOT NULL,
    due_at bigint NOT NULL,
    parked_error text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX timers_due ON timers (partition, due_at) WHERE parked_error IS NULL;
CREATE TABLE blind_borrowers (
    borrower_id text PRIMARY KEY,
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    error text NOT NULL
);
CREATE TABLE outbox (
    partition int NOT NULL,
    seq bigint NOT NULL,
    topic text NOT NULL,
    key bytea,
    value bytea,
    headers bytea NOT NULL,
    PRIMARY KEY (partition, seq)
);
CREATE TABLE warnings (
    warning_id uuid PRIMARY KEY,
    borrower_id text NOT NULL,
    rule text NOT NULL,
    family text NOT NULL,
    loan_id text,
    level text,
    open bool NOT NULL,
    raised_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    last_change json NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX warnings_by_time ON warnings (raised_at DESC, warning_id DESC);
CREATE INDEX warnings_by_borrower ON warnings (borrower_id, raised_at DESC, warning_id DESC);
CREATE INDEX warnings_open ON warnings (raised_at DESC, warning_id DESC) WHERE open;
CREATE TABLE changes (
    change_id uuid PRIMARY KEY,
    warning_id uuid NOT NULL,
    number int NOT NULL,
    data json NOT NULL
);
CREATE INDEX changes_by_warning ON changes (warning_id, number);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
