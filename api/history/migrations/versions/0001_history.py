"""History, alerts, alarms, configuration, outboxes, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "alarms",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("gate", "alert_id"),
    )
    op.create_table(
        "alerts",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("quality", sa.String(length=8), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "alert_id"),
    )
    op.create_index(op.f("ix_alerts_gate_since"), "alerts", ["gate", "since"], unique=False)
    op.create_index(op.f("ix_alerts_gate_state_t"), "alerts", ["gate", "state", "t"], unique=False)
    op.create_table(
        "camera_states",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("rate_fps", sa.Float(), nullable=True),
        sa.Column("load_step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "camera_id", "t"),
    )
    op.create_table(
        "config_versions",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("created_t", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "version"),
    )
    op.create_table(
        "deliveries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_t", sa.Float(), nullable=False),
        sa.Column("created_t", sa.Float(), nullable=False),
        sa.Column("finished_t", sa.Float(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("gate", "message_id", name=op.f("uq_deliveries_gate_message_id")),
    )
    op.create_index(op.f("ix_deliveries_gate_state_sequence"), "deliveries", ["gate", "state", "sequence"], unique=False)
    op.create_table(
        "emissions",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("emitted_t", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("gate", "message_id", name=op.f("uq_emissions_gate_message_id")),
    )
    op.create_index(op.f("ix_emissions_gate_emitted_t"), "emissions", ["gate", "emitted_t"], unique=False)
    op.create_table(
        "gaps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("from_position", sa.String(length=48), nullable=False),
        sa.Column("to_position", sa.String(length=48), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_gaps_gate_t"), "gaps", ["gate", "t"], unique=False)
    op.create_table(
        "lane_statuses",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("lane_id", sa.String(length=64), nullable=False),
        sa.Column("t", sa.Float(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("gate", "lane_id", "t"),
    )
    op.create_table(
        "measurements",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("lane_id", sa.String(length=64), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("queue_vehicles", sa.Integer(), nullable=True),
        sa.Column("queue_m", sa.Float(), nullable=True),
        sa.Column("standing_vehicles", sa.Integer(), nullable=True),
        sa.Column("standing_m", sa.Float(), nullable=True),
        sa.Column("vehicles", sa.Integer(), nullable=True),
        sa.Column("in_service", sa.Boolean(), nullable=True),
        sa.Column("longest_wait_s", sa.Float(), nullable=True),
        sa.Column("expected_wait_s", sa.Float(), nullable=True),
        sa.Column("expected_wait_low_s", sa.Float(), nullable=True),
        sa.Column("expected_wait_high_s", sa.Float(), nullable=True),
        sa.Column("arrival_rate_vph", sa.Float(), nullable=True),
        sa.Column("discharge_rate_vph", sa.Float(), nullable=True),
        sa.Column("headway_s", sa.Float(), nullable=True),
        sa.Column("wait_s_p50", sa.Float(), nullable=True),
        sa.Column("wait_s_p90", sa.Float(), nullable=True),
        sa.Column("wait_s_p95", sa.Float(), nullable=True),
        sa.Column("service_s_p50", sa.Float(), nullable=True),
        sa.Column("service_s_p90", sa.Float(), nullable=True),
        sa.Column("service_s_p95", sa.Float(), nullable=True),
        sa.Column("dwell_s_p50", sa.Float(), nullable=True),
        sa.Column("dwell_s_p90", sa.Float(), nullable=True),
        sa.Column("dwell_s_p95", sa.Float(), nullable=True),
        sa.Column("level_of_service", sa.String(length=1), nullable=True),
        sa.Column("quality", sa.String(length=8), nullable=False),
        sa.Column("quality_reasons", sa.String(length=200), nullable=False),
        sa.Column("censored", sa.Boolean(), nullable=False),
        sa.Column("frame_age_s", sa.Float(), nullable=True),
        sa.Column("audit_visits", sa.Integer(), nullable=False),
        sa.Column("audit_both_ends_seen", sa.Integer(), nullable=False),
        sa.Column("audit_identity_breaks", sa.Integer(), nullable=False),
        sa.Column("audit_residue", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "lane_id", "t"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recorder_state",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("position", sa.String(length=48), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gate"),
    )
    op.create_table(
        "sessions",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_t", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "hash"),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_t", sa.Float(), nullable=False),
        sa.Column("used_t", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("gate", "hash"),
    )
    op.create_table(
        "visits",
        sa.Column("gate", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=64), nullable=False),
        sa.Column("lane_id", sa.String(length=64), nullable=False),
        sa.Column("vehicle_class", sa.String(length=16), nullable=False),
        sa.Column("first_seen_t", sa.Float(), nullable=False),
        sa.Column("arrived_t", sa.Float(), nullable=True),
        sa.Column("joined_t", sa.Float(), nullable=True),
        sa.Column("service_t", sa.Float(), nullable=True),
        sa.Column("left_t", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("start_censored", sa.Boolean(), nullable=False),
        sa.Column("end_censored", sa.Boolean(), nullable=False),
        sa.Column("previous_visit_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("gate", "visit_id"),
    )
    op.create_index(op.f("ix_visits_gate_first_seen_t"), "visits", ["gate", "first_seen_t"], unique=False)
    op.create_index(op.f("ix_visits_gate_lane_id_first_seen_t"), "visits", ["gate", "lane_id", "first_seen_t"], unique=False)


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index(op.f("ix_visits_gate_lane_id_first_seen_t"), table_name="visits")
    op.drop_index(op.f("ix_visits_gate_first_seen_t"), table_name="visits")
    op.drop_table("visits")
    op.drop_table("sign_in_links")
    op.drop_table("sessions")
    op.drop_table("recorder_state")
    op.drop_table("measurements")
    op.drop_table("lane_statuses")
    op.drop_index(op.f("ix_gaps_gate_t"), table_name="gaps")
    op.drop_table("gaps")
    op.drop_index(op.f("ix_emissions_gate_emitted_t"), table_name="emissions")
    op.drop_table("emissions")
    op.drop_index(op.f("ix_deliveries_gate_state_sequence"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("config_versions")
    op.drop_table("camera_states")
    op.drop_index(op.f("ix_alerts_gate_state_t"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_gate_since"), table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("alarms")
