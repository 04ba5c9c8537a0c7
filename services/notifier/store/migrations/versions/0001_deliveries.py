"""Changes seen, deliveries, the queue of pending ones, attempts, and receivers that are switched off."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A delivery is written twice: when it is made and when it is settled. What changes with every attempt is its row in
# `queue`, which is narrow, indexed for nothing but claiming and gone once settled: so neither a long history nor a
# million pending rows are in a claim's way. A claimed row's `due_at` is the end of its lease, so one index finds both
# what is due and what a dead worker has left. `waiting` marks rows behind an earlier one of their receiver and warning.
TABLES = """
CREATE TABLE changes (
    change_id uuid PRIMARY KEY,
    warning_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    routed bool NOT NULL,
    data bytea NOT NULL
);
CREATE INDEX changes_by_age ON changes USING brin (seen_at) WITH (pages_per_range = 32);
CREATE INDEX changes_unrouted ON changes (seen_at) WHERE NOT routed;
CREATE TABLE deliveries (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid NOT NULL UNIQUE,
    change_id uuid NOT NULL,
    warning_id uuid NOT NULL,
    borrower_id text NOT NULL,
    kind text NOT NULL,
    level text,
    receiver text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    error text,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL,
    give_up_at timestamptz NOT NULL,
    settled_at timestamptz
) WITH (fillfactor = 90);
CREATE INDEX deliveries_by_warning ON deliveries (warning_id, position);
CREATE INDEX deliveries_by_borrower ON deliveries (borrower_id, position);
CREATE INDEX deliveries_by_receiver ON deliveries (receiver, position);
CREATE INDEX deliveries_dead ON deliveries (position) WHERE state = 'dead';
CREATE INDEX deliveries_by_age ON deliveries USING brin (created_at) WITH (pages_per_range = 32);
CREATE SEQUENCE fences;
CREATE TABLE queue (
    position bigint PRIMARY KEY,
    delivery_id uuid NOT NULL,
    receiver text NOT NULL,
    warning_id uuid NOT NULL,
    waiting bool NOT NULL,
    due_at timestamptz NOT NULL,
    tries int NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    claimed bool NOT NULL DEFAULT false
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX queue_due ON queue (receiver, due_at, position) WHERE NOT waiting;
CREATE INDEX queue_lanes ON queue (receiver, warning_id, position);
CREATE TABLE attempts (
    delivery_id uuid NOT NULL,
    fence bigint NOT NULL,
    number int NOT NULL,
    started_at timestamptz NOT NULL,
    seconds double precision NOT NULL,
    result text NOT NULL,
    error text,
    answer_code int,
    answer_body text,
    PRIMARY KEY (delivery_id, fence)
);
CREATE TABLE disabled_receivers (
    receiver text PRIMARY KEY,
    at timestamptz NOT NULL,
    why text NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
