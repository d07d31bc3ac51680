"""What came on the stream and could not be read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "set_aside",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("position", sa.String(length=48), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("gate", "epoch", "position", name=op.f("uq_set_aside_gate_epoch_position")),
    )
    op.create_index(op.f("ix_set_aside_gate_sequence"), "set_aside", ["gate", "sequence"], unique=False)
    op.create_index(op.f("ix_set_aside_gate_t"), "set_aside", ["gate", "t"], unique=False)


def downgrade() -> None:
    """Takes the change back."""
    op.drop_table("set_aside")
