"""Each kind of mistake in a gate file is one sentence that names file, field, value and what would be right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from vision.config import GateConfig, config_hash, load_gate, parse_gate, sections
from vision.errors import ConfigError

SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


def gate(**changes: Any) -> dict[str, Any]:
    """A small valid gate of two lanes and two cameras as plain data."""
    return {
        "id": "g",
        "name": {"en": "Gate"},
        "lanes": [{"id": f"L{i}", "direction": "export", "name": {"en": f"Lane {i}"}} for i in (1, 2)],
        "cameras": [{"id": f"c{i}", "views": [{"lane": f"L{i}", "polygon": SQUARE}]} for i in (1, 2)],
    } | changes


def rule(**changes: Any) -> dict[str, Any]:
    return {"name": "long", "measure": "queue_vehicles", "fire_at": 5, "clear_at": 3} | changes


def camera(**changes: Any) -> dict[str, Any]:
    return {"id": "c1", "views": [{"lane": "L1", "polygon": SQUARE}]} | changes


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "expected fields"),
        (gate(colour="red"), "colour: Extra inputs"),
        (gate(id="no spaces please"), "id: String should match"),
        (gate(name={}), "name: "),
        (gate(timezone="Asia/Nowhere"), "Asia/Ho_Chi_Minh"),
        (gate(lanes=[]), "lanes: "),
        (gate(lanes=gate()["lanes"] * 2), "'L1' is used twice"),
        (gate(cameras=[camera(), camera()]), "'c1' is used twice"),
        (gate(cameras=[camera(views=[{"lane": "L9", "polygon": SQUARE}])]), "no lane 'L9'; lanes are L1, L2"),
        (gate(cameras=[camera(views=[{"lane": "L1", "polygon": SQUARE}] * 2)]), "'L1' is used twice"),
        (gate(cameras=[camera(views=[{"lane": "L1", "polygon": [[0, 0], [1, 1], [0.5, 0.5]]}])]), "no area"),
        (gate(cameras=[camera(views=[{"lane": "L1", "polygon": [[0, 0], [1, 1], [1, 0], [0, 0.9]]}])]), "crosses itself"),
        (gate(cameras=[camera(views=[{"lane": "L1", "polygon": SQUARE, "covers_m": [60, 20]}])]), "covers_m must be"),
        (gate(cameras=[camera(views=[{"lane": "L1", "polygon": SQUARE, "covers_m": [0, 500]}])]), "beyond the lane's zone_m"),
        (gate(cameras=[camera(url="rtsp://user:secret@host/1")]), "url must not hold credentials"),
        (gate(cameras=[camera(url="rtsp://host/1", url_env="X")]), "not both"),
        (gate(cameras=[camera(analysis_fps=0)]), "analysis_fps: Input should be greater than 0 (found 0)"),
        (gate(cameras=[camera(focal_px=float("nan"))]), "focal_px"),
        (gate(alerts=[rule(clear_at=5)]), "clear_at (5) must be below fire_at (5)"),
        (gate(alerts=[rule(), rule()]), "'long' is used twice"),
        (gate(alerts=[rule(lanes=["L7"])]), "no lane 'L7'"),
        (gate(alerts=[rule(scope="camera")]), "unavailable_s goes with scope camera"),
        (gate(statistics={"level_of_service_s": [1, 2, 2, 4, 5]}), "must rise"),
        (gate(detector={"classes": ["tank"]}), "detector.classes.0"),
    ],
)
def test_a_mistake_is_named(data: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_gate(data, "gate file x.yaml")
    message = str(caught.value)
    assert message.startswith("gate file x.yaml: ")
    assert words in message
    assert "secret" not in message
    assert "\n" not in message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml does not exist; give the path"):
        load_gate(tmp_path / "nothing.yaml")


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("id: [unclosed")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_gate(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_gate(path)


def test_a_good_file_is_read_and_keeps_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text(yaml.safe_dump(gate(alerts=[rule()])))
    config = load_gate(path)
    assert config.lane("L2").zone_m == 120
    assert config.camera("c1").analysis_fps == 5
    again = GateConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert config_hash(again) == config_hash(config)
    with pytest.raises(KeyError):
        config.lane("L9")


def test_fields_of_a_newer_program_are_mistakes_in_a_file_only() -> None:
    newer = gate() | {"shifts": 3}
    newer["lanes"][0]["weighbridge"] = True
    with pytest.raises(ConfigError, match="shifts: Extra inputs"):
        parse_gate(newer, "x")
    assert parse_gate(newer, "x", tolerant=True) == parse_gate(gate(), "x")


def test_cameras_that_share_a_lane_form_a_section() -> None:
    views = [{"lane": lane, "polygon": SQUARE} for lane in ("L1", "L2")]
    apart = parse_gate(gate(), "x")
    assert [(s.id, s.lanes) for s in sections(apart)] == [("c1", ("L1",)), ("c2", ("L2",))]
    joined = parse_gate(gate(cameras=[camera(), camera(id="c2", views=views)]), "x")
    assert [(s.id, s.cameras, s.lanes) for s in sections(joined)] == [("c1+c2", ("c1", "c2"), ("L1", "L2"))]


def test_a_retired_field_is_read_where_an_older_version_wrote_it_as_null_and_is_unknown_with_a_value() -> None:
    older = gate()
    older["cameras"][0]["view_url_env"] = None
    assert parse_gate(older, "database") == parse_gate(gate(), "file")
    older["cameras"][0]["view_url_env"] = "A_VARIABLE"
    with pytest.raises(ConfigError, match="view_url_env: Extra inputs"):
        parse_gate(older, "file")
