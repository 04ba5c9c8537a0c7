"""Whether a message may have got to its receiver: nobody hears of the end of what they never heard of."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It is null for deliveries from before: nobody knows, so their receivers may have heard."""
    op.execute("ALTER TABLE deliveries ADD COLUMN reached bool")
    op.execute("ALTER TABLE deliveries ALTER COLUMN reached SET DEFAULT false")
