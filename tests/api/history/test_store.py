import asyncio
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from api.history.queries import find_alert, lane_history, list_alerts, list_visits, load_present
from api.history.retention import prune
from api.history.store import MIGRATIONS, Store, open_store
from api.history.tables import METADATA, alerts, deliveries, emissions, gaps, measurements, sessions, visits
from api.history.writing import Gap, HistoryBatch, OtherRecorderError, RecorderState, load_state, save_batch
from tests.support.gate_messages import alert_changed, visit_ended, visit_id, visit_started
from tests.support.messages import camera_changed, lane_changed, measured
from vision.errors import ConfigError
from vision.messages import AlertChanged, Message
from vision.sample_messages import ALERT_CHANGED
from vision.vocabulary import CameraState

FIRST = RecorderState("epoch", "5-0", {"watches": []})


def save(store: Store, *messages: Message, derived: tuple[AlertChanged, ...] = (), webhooks: bool = True) -> None:
    before = load_state(store)
    count = int(before.position.split("-")[0]) if before else 0
    after = RecorderState("epoch", f"{count + 1}-0", {})
    save_batch(store, HistoryBatch(messages, derived, before, after, now=1000.0, webhooks=webhooks))


def count(store: Store, table: object) -> int:
    with store.read() as connection:
        return len(connection.execute(select(table)).all())  # type: ignore[call-overload]


def test_migrations_make_the_tables(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_an_error_tells_nothing_of_what_was_to_be_saved(store: Store) -> None:
    row = {"gate": "g", "hash": "secret-hash", "expires_t": 1.0}
    with pytest.raises(IntegrityError) as failed, store.write() as connection:
        connection.execute(sessions.insert(), [row, row])
    assert "secret-hash" not in str(failed.value).partition("DETAIL")[0]


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'h.db'}"
    first = open_store(url, "g")
    save(first, measured("EX1", 10, queue_vehicles=1))
    first.close()
    again = open_store(url, "g")
    assert count(again, measurements) == 1
    again.close()


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@127.0.0.1:1/x", "sqlite:////proc/nowhere/h.db"])
def test_a_database_that_cannot_be_used_is_a_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database .* cannot be used: .*DATABASE_URL$") as caught:
        open_store(url, "g")
    assert "hunter2" not in str(caught.value)


def test_a_database_of_a_newer_version_is_a_sentence(store: Store) -> None:
    with store.write() as connection:
        url = connection.engine.url.render_as_string(hide_password=False)
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(ConfigError, match=r"^database .* was made or changed by a newer version of LaneWatch"):
            open_store(url, "g")
    finally:
        with store.write() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")


def test_a_message_saved_twice_is_one_row(store: Store) -> None:
    messages = [measured("EX1", 10, queue_vehicles=1), visit_started("a", "EX1", 5), lane_changed("EX1", 6, "closed")]
    messages += [camera_changed("cam-EX1", 7, "online"), alert_changed("a", 10, "pending")]
    derived = alert_changed("b", 10, "firing")
    save(store, *messages, derived=(derived,))
    save(store, *messages, derived=(derived,))
    assert count(store, measurements) == count(store, visits) == count(store, emissions) == count(store, deliveries) == 1
    assert count(store, alerts) == 2


def test_a_repeated_start_does_not_open_a_visit_again(store: Store) -> None:
    save(store, visit_started("a", "EX1", 5), visit_ended("a", "EX1", 5, left_t=60))
    save(store, visit_started("a", "EX1", 5))
    (visit,) = list_visits(store, {}, (0, 1e9), None, 10).items
    assert (visit.outcome, visit.left_t) == ("departed", 60)


def test_an_older_change_of_an_alert_changes_nothing(store: Store) -> None:
    save(store, alert_changed("a", 20, "firing", sequence=1))
    save(store, alert_changed("a", 10, "pending", sequence=0))
    (alert,) = list_alerts(store, {}, (0, 1e9), None, 10).items
    assert (alert.state, alert.action) == ("firing", ALERT_CHANGED.data.action)


def test_everything_of_a_batch_is_saved_or_nothing(store: Store) -> None:
    save(store, measured("EX1", 10))
    stale = HistoryBatch([measured("EX1", 11)], [alert_changed("a", 11, "firing")], FIRST, FIRST, 0.0, webhooks=True)
    with pytest.raises(OtherRecorderError):
        save_batch(store, stale)
    with pytest.raises(OtherRecorderError):
        save_batch(store, HistoryBatch([measured("EX1", 11)], [], None, FIRST, 0.0, webhooks=True))
    assert (count(store, measurements), count(store, emissions), count(store, alerts)) == (1, 0, 0)


def test_the_state_comes_back_with_the_position(store: Store) -> None:
    assert load_state(store) is None
    gap = Gap(9.0, "epoch", "0-0", "5-0", "why")
    save_batch(store, HistoryBatch([], [], None, FIRST, 0.0, webhooks=False, gap=gap))
    assert load_state(store) == FIRST
    assert count(store, gaps) == 1


def test_history_keeps_unknown_apart_from_zero(store: Store) -> None:
    queues = ((100, 0), (101, 0), (110, 2), (111, 3))
    save(store, *(measured("EX1", t, queue_vehicles=q, queue_high=q + 1, queue_m=10.0 * q) for t, q in queues))
    save(store, *(measured("EX1", t, quality="unknown") for t in (112, 120, 121)), measured("EX2", 120, queue_vehicles=9))
    points = lane_history(store, "EX1", 100, 140, 10)
    assert [point.t for point in points] == [100, 110, 120, 130]
    assert [point.queue_vehicles for point in points] == [0.0, 2.5, None, None]
    assert [point.queue_vehicles_max for point in points] == [0, 3, None, None]
    assert [(point.queue_low, point.queue_high) for point in points] == [(None, 1.0), (None, 3.5), (None, None), (None, None)]
    assert [(point.samples, point.unknown) for point in points] == [(2, 0), (3, 1), (2, 2), (0, 0)]


def test_a_day_of_a_lane_is_aggregated_by_the_database(lite: Store) -> None:
    save(lite, measured("EX1", 0, queue_vehicles=0, vehicles=3))
    others = ", ".join(column.name for column in measurements.columns if column.name not in ("t", "queue_vehicles"))
    with lite.write() as connection:
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM n WHERE s < 86399) "
            f"INSERT INTO measurements (t, queue_vehicles, {others})"
            f" SELECT s, s / 3600, {others} FROM n, measurements WHERE t = 0"
        )
    began = time.process_time()  # of SQLite, which works in this process
    points = lane_history(lite, "EX1", 0, 86_400, 300)
    assert len(points) == 288
    assert points[-1].queue_vehicles == 23
    assert time.process_time() - began < 2


def test_the_present_is_what_was_recorded_last(store: Store) -> None:
    states: list[tuple[float, CameraState]] = [(1, "offline"), (3, "online")]
    save(store, *(camera_changed("cam-EX1", t, state) for t, state in states))
    old = [alert_changed("old", 10, "resolved"), alert_changed("new", 9000, "resolved"), alert_changed("on", 20, "firing")]
    last = measured("EX1", 9000, queue_vehicles=2, quality_reasons=("low_rate",), quality="degraded", wait_s={"p50": 4.5})
    save(store, lane_changed("EX1", 5, "closed"), measured("EX1", 8999), last, *old)
    present = load_present(store, ["EX1", "EX2"], ["cam-EX1"])
    assert present.lanes == (last.data,)
    assert [camera.state for camera in present.cameras] == ["online"]
    assert [status.status for status in present.statuses] == ["closed"]
    assert sorted(alert.t for alert in present.alerts) == [20, 9000]


def test_listings_come_in_pages_newest_first(store: Store) -> None:
    save(
        store, *(visit_started(name, "EX1" if name < "d" else "EX2", 10.0 + index // 2) for index, name in enumerate("abcdefg"))
    )
    seen, after = [], None
    while True:
        page = list_visits(store, {}, (0, 1e9), after, 3)
        seen += [visit.visit_id for visit in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == sorted(visit_id(name) for name in "abcdefg")
    assert len(list_visits(store, {"lane_id": "EX2"}, (0, 1e9), None, 9).items) == 4
    assert len(list_visits(store, {}, (11, 12), None, 9).items) == 2
    assert find_alert(store, "none") is None


def test_old_measurements_go_and_the_last_state_stays(store: Store) -> None:
    save(store, *(measured("EX1", t) for t in range(0, 20_000, 500)), visit_started("a", "EX1", 5))
    save(store, camera_changed("cam-EX1", 1, "offline"), camera_changed("cam-EX1", 2, "online"))
    asyncio.run(prune(store, kept_s=4_500.0))
    with store.read() as connection:
        assert min(connection.execute(select(measurements.c.t)).scalars()) == 15_000
    assert load_present(store, [], ["cam-EX1"]).cameras[0].state == "online"
    assert count(store, visits) == 1


def test_migrations_can_be_taken_back_and_made_again(store: Store) -> None:
    with store.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        command.upgrade(config, "head")
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_visit_keeps_whether_its_arrival_was_inferred(store: Store) -> None:
    save(store, visit_started("a", "EX1", 5), visit_started("b", "EX1", 6, arrived_t=4.0, arrived_inferred=True))
    save(store, visit_ended("b", "EX1", 6, left_t=60, arrived_t=4.0, arrived_inferred=True))
    found = {visit.visit_id: visit.arrived_inferred for visit in list_visits(store, {}, (0, 1e9), None, 10).items}
    assert found == {visit_id("a"): False, visit_id("b"): True}


def test_what_was_saved_before_inferred_arrivals_were_marked_is_not_marked(store: Store) -> None:
    save(store, visit_started("a", "EX1", 5), measured("EX1", 5, queue_vehicles=1))
    with store.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        command.upgrade(config, "head")
    (visit,) = list_visits(store, {}, (0, 1e9), None, 10).items
    assert not visit.arrived_inferred
    assert load_present(store, ["EX1"], []).lanes[0].queue_vehicles == 1
