"""Between which numbers a queue lies; which arrivals were worked out and not seen."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.add_column("measurements", sa.Column("queue_low", sa.Integer(), nullable=True))
    op.add_column("measurements", sa.Column("queue_high", sa.Integer(), nullable=True))
    op.add_column("visits", sa.Column("arrived_inferred", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Takes the change back."""
    op.drop_column("visits", "arrived_inferred")
    op.drop_column("measurements", "queue_high")
    op.drop_column("measurements", "queue_low")
