"""Warnings are found by their loan."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.execute(
        "CREATE INDEX warnings_by_loan ON warnings (loan_id, raised_at DESC, warning_id DESC) WHERE loan_id IS NOT NULL"
    )
