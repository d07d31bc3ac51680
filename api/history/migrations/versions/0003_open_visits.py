"""What is known of the visits that are open, and an index to find them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "open_visits",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gate"),
    )
    op.create_index(op.f("ix_visits_gate_outcome"), "visits", ["gate", "outcome"], unique=False)


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index(op.f("ix_visits_gate_outcome"), table_name="visits")
    op.drop_table("open_visits")
