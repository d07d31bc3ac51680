from pathlib import Path

import pytest

from api.settings import Settings, setting_names, settings_from, settings_table
from vision.errors import ConfigError

GATE = {"LANEWATCH_GATE": "gate.yaml"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_defaults_and_empty_variables_count_as_not_set() -> None:
    settings = settings_from(GATE | {"LANEWATCH_WEBHOOK_URL": "", "LANEWATCH_PORT": ""})
    assert settings.gate == Path("gate.yaml")
    assert (settings.host, settings.port, settings.webhook_url) == ("127.0.0.1", 8080, None)


def test_other_variables_are_left_alone() -> None:
    assert settings_from(GATE | {"LANEWATCH_CAMERA_MAST_URL": "rtsp://u:p@h/s", "PATH": "/bin"})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "setting LANEWATCH_GATE is not set: The gate file"),
        (GATE | {"LANEWATCH_PORT": "http"}, r"setting LANEWATCH_PORT: .*integer.*\(found 'http'\)"),
        (GATE | {"LANEWATCH_PORT": "70000"}, "setting LANEWATCH_PORT: .*65535"),
        (GATE | {"REDIS_URL": "http://h"}, "setting REDIS_URL: must be a URL that begins with redis://"),
        (
            GATE | {"DATABASE_URL": "mysql://u:hunter2@h/d"},
            "setting DATABASE_URL: must be a URL that begins with postgresql://",
        ),
        (GATE | {"REDIS_URL": "redis://u:hunter2/x@h"}, "setting REDIS_URL: its host or port is none"),
        (GATE | {"REDIS_URL": "redis://[h"}, "setting REDIS_URL: its host or port is none"),
        (
            GATE | {"LANEWATCH_WEBHOOK_URL": "https://h:70000/x", "LANEWATCH_WEBHOOK_SECRET": SECRET},
            "setting LANEWATCH_WEBHOOK_URL: its host or port is none",
        ),
        (GATE | {"LANEWATCH_API_TOKEN": "hunter2"}, "setting LANEWATCH_API_TOKEN: must have at least 16 characters"),
        (GATE | {"LANEWATCH_WEBHOOK_URL": "ftp://u:hunter2@h"}, "setting LANEWATCH_WEBHOOK_URL: must be a URL"),
        (GATE | {"LANEWATCH_WEBHOOK_URL": "https:///x", "LANEWATCH_WEBHOOK_SECRET": SECRET}, "names no host"),
        (GATE | {"LANEWATCH_WEBHOOK_URL": "https://u:hunter2@h"}, "LANEWATCH_WEBHOOK_SECRET is not"),
        (GATE | {"LANEWATCH_WEBHOOK_SECRET": "hunter2"}, "openssl rand -base64 32"),
        (GATE | {"LANEWATCH_LOG_LEVEL": "loud"}, "setting LANEWATCH_LOG_LEVEL: .*debug"),
    ],
)
def test_bad_settings_are_named_in_a_sentence_without_secrets(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        settings_from(variables)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_do_not_print() -> None:
    secrets = {"LANEWATCH_API_TOKEN": "hunter2-hunter2-hunter2", "REDIS_URL": "redis://:hunter2@h/0"}
    assert "hunter2" not in repr(settings_from(GATE | secrets))


def test_every_setting_is_documented() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    table = settings_table()
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in setting_names():
        assert f"`{name}`" in table
        assert f"`{name}`" in page, f"docs/settings.md does not describe {name}: put api.settings.settings_table() there"
