import json
from pathlib import Path

import pytest

from api.history.config_versions import config_document, current_config, export_config, sync_config
from api.history.store import Store
from tests.support.messages import alert_gate
from vision.config import AlertRule, GateConfig, config_hash, load_gate
from vision.errors import ConfigError

KIM_THANH = Path(__file__).parents[3] / "config" / "kim-thanh.yaml"


def gate(fire_at: float) -> GateConfig:
    return alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=fire_at, clear_at=1))


def test_the_file_seeds_the_first_version_and_an_unchanged_one_changes_nothing(store: Store) -> None:
    assert current_config(store) is None
    assert sync_config(store, gate(5), import_changed=False).version == 1
    assert sync_config(store, gate(5), import_changed=True).version == 1


def test_a_changed_file_shows_the_difference_and_stops(store: Store) -> None:
    sync_config(store, gate(5), import_changed=False)
    with pytest.raises(ConfigError, match=r"(?s)differs.*--import.*\n-.*fire_at: 5\.0\n\+.*fire_at: 7\.0"):
        sync_config(store, gate(7), import_changed=False)
    assert sync_config(store, gate(7), import_changed=True).version == 2
    assert sync_config(store, gate(7), import_changed=False).config == gate(7)


def test_the_export_reads_back_as_the_same_gate(tmp_path: Path) -> None:
    config = load_gate(KIM_THANH)
    path = tmp_path / "gate.yaml"
    path.write_text(export_config(config), encoding="utf-8")
    assert load_gate(path) == config
    assert config_hash(load_gate(path)) == config_hash(config)


def test_the_document_for_workers_holds_version_hash_and_config(lite: Store) -> None:
    version = sync_config(lite, gate(5), import_changed=False)
    document = json.loads(config_document(version))
    assert (document["version"], document["hash"]) == (1, config_hash(gate(5)))
    assert GateConfig.model_validate(document["config"]) == gate(5)


def test_a_long_difference_is_cut(lite: Store) -> None:
    sync_config(lite, alert_gate(), import_changed=False)
    many = alert_gate(*(AlertRule(name=f"r{n}", measure="vehicles", fire_at=5, clear_at=1) for n in range(30)))
    with pytest.raises(ConfigError, match=r"\.\.\. and \d+ more lines$"):
        sync_config(lite, many, import_changed=False)
