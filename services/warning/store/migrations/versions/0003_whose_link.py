"""Whose link an acknowledgement was given by."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Null for those given with a key, and for those from before."""
    op.execute("ALTER TABLE acknowledgements ADD COLUMN link_of text")
