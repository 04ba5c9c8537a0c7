"""Messages that wait, are gathered, muted or handed on: what is open, who was told, and why somebody was not."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# `open_warnings` says what is open and who knows of it. `notices` are changes that somebody was not told at once: held
# in a gathering until it is due, or suppressed; what is told at once has a delivery and no notice. `mentions` are the
# warnings that a message speaks of besides the one that leads it, for the order in which they are told. Whoever changes
# any of them locks in this order: open_warnings by id, gatherings by key, notices, escalations, queue.
TABLES = """
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_check
    CHECK (state IN ('pending', 'delivered', 'dead', 'superseded', 'suppressed'));
ALTER TABLE deliveries
    ADD COLUMN purpose text NOT NULL DEFAULT 'change',
    ADD COLUMN others uuid[],
    ADD COLUMN total int NOT NULL DEFAULT 1,
    ADD COLUMN common jsonb,
    ADD COLUMN stands_for uuid,
    ADD COLUMN fallback text;
CREATE INDEX deliveries_heartbeats ON deliveries (receiver, position) WHERE purpose = 'heartbeat';
ALTER TABLE attempts ADD COLUMN request_digest bytea;
CREATE TABLE open_warnings (
    warning_id uuid PRIMARY KEY,
    borrower_id text NOT NULL,
    level text NOT NULL,
    at timestamptz NOT NULL,
    change_id uuid NOT NULL,
    connected text,
    told text[] NOT NULL DEFAULT '{}',
    acknowledged_at timestamptz,
    acknowledged_by text
) WITH (fillfactor = 80);
CREATE INDEX open_warnings_by_borrower ON open_warnings (borrower_id);
CREATE INDEX open_warnings_by_group ON open_warnings (connected) WHERE connected IS NOT NULL;
CREATE TABLE gatherings (
    receiver text NOT NULL,
    key text NOT NULL,
    purpose text NOT NULL,
    manner jsonb NOT NULL,
    common jsonb,
    wake text,
    due_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (receiver, key)
) WITH (fillfactor = 80);
CREATE INDEX gatherings_due ON gatherings (due_at);
CREATE INDEX gatherings_wake ON gatherings (wake) WHERE wake IS NOT NULL;
CREATE TABLE mentions (
    receiver text NOT NULL,
    warning_id uuid NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (receiver, warning_id, position)
);
CREATE INDEX mentions_by_position ON mentions (position);
CREATE TABLE notices (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id uuid NOT NULL,
    warning_id uuid NOT NULL,
    borrower_id text NOT NULL,
    receiver text NOT NULL,
    state text NOT NULL CHECK (state IN ('held', 'told', 'suppressed')),
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    key text,
    known bool NOT NULL DEFAULT false,
    delivery_id uuid,
    at timestamptz NOT NULL,
    settled_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX notices_held ON notices (receiver, key, number) WHERE state = 'held';
CREATE INDEX notices_told ON notices (receiver, key) WHERE state = 'told' AND key IS NOT NULL;
CREATE INDEX notices_by_warning ON notices (warning_id, number);
CREATE INDEX notices_by_age ON notices USING brin (at) WITH (pages_per_range = 32);
CREATE TABLE flow (
    receiver text NOT NULL,
    minute timestamptz NOT NULL,
    messages int NOT NULL,
    PRIMARY KEY (receiver, minute)
);
CREATE TABLE paces (
    receiver text PRIMARY KEY,
    next_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE silences (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    silence_id uuid NOT NULL UNIQUE,
    match jsonb NOT NULL,
    author text NOT NULL,
    reason text NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    ended_by text
);
CREATE INDEX silences_by_end ON silences (ends_at);
CREATE TABLE escalations (
    warning_id uuid NOT NULL,
    policy text NOT NULL,
    change_id uuid NOT NULL,
    step int NOT NULL,
    round int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    begun_at timestamptz NOT NULL,
    wake text,
    PRIMARY KEY (warning_id, policy)
) WITH (fillfactor = 80);
CREATE INDEX escalations_due ON escalations (due_at);
CREATE INDEX escalations_wake ON escalations (wake) WHERE wake IS NOT NULL;
CREATE TABLE contacts (
    borrower_id text PRIMARY KEY,
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE contact_touches (
    borrower_id text NOT NULL,
    debt text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    delivery_id uuid NOT NULL,
    PRIMARY KEY (borrower_id, debt, at, delivery_id)
);
CREATE INDEX contact_touches_by_age ON contact_touches USING brin (at) WITH (pages_per_range = 32);
INSERT INTO open_warnings (warning_id, borrower_id, level, at, change_id, told)
SELECT DISTINCT ON (d.warning_id) d.warning_id, d.borrower_id, d.level, d.created_at, d.change_id,
    (SELECT array_agg(DISTINCT t.receiver) FROM deliveries t WHERE t.warning_id = d.warning_id)
FROM deliveries d
WHERE d.level IS NOT NULL AND NOT EXISTS (
    SELECT FROM deliveries e
    WHERE e.warning_id = d.warning_id AND e.kind IN ('cleared', 'withdrawn')
)
ORDER BY d.warning_id, d.position DESC;
"""


def upgrade() -> None:
    """Create the tables, and take what is known of open warnings from the deliveries."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
