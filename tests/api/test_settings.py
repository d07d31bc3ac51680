from collections.abc import Callable
from pathlib import Path

import pytest

from api.settings import GateSettings, LogSettings, Settings
from vision.errors import ConfigError
from vision.settings import read_settings, settings_table

GATE = {"LANEWATCH_GATE": "gate.yaml"}
Reader = Callable[[dict[str, str]], Settings]
NAMES = [str(field.validation_alias) for field in Settings.model_fields.values()]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def settings_from(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The api's settings where the environment has these variables and no other of ours."""

    def read(variables: dict[str, str]) -> Settings:
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_settings(Settings)

    return read


def test_defaults_and_empty_variables_count_as_not_set(settings_from: Reader) -> None:
    settings = settings_from(GATE | {"LANEWATCH_WEBHOOK_URL": "", "LANEWATCH_PORT": ""})
    assert settings.gate == Path("gate.yaml")
    assert (settings.host, settings.port, settings.webhook_url) == ("127.0.0.1", 8080, None)


def test_other_variables_are_left_alone(settings_from: Reader) -> None:
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
def test_bad_settings_are_named_in_a_sentence_without_secrets(
    settings_from: Reader, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        settings_from(variables)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_do_not_print(settings_from: Reader) -> None:
    secrets = {"LANEWATCH_API_TOKEN": "hunter2-hunter2-hunter2", "REDIS_URL": "redis://:hunter2@h/0"}
    assert "hunter2" not in repr(settings_from(GATE | secrets))


def test_what_was_given_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch, settings_from: Reader) -> None:
    settings_from(GATE | {"LANEWATCH_PORT": "1", "LANEWATCH_HOST": "h"})
    settings = read_settings(Settings, {"LANEWATCH_PORT": 2, "LANEWATCH_HOST": None})
    assert (settings.port, settings.host) == (2, "h")
    with pytest.raises(ConfigError, match=r"setting LANEWATCH_PORT: .*65535"):
        read_settings(Settings, {"LANEWATCH_PORT": 70000})


def test_a_command_is_not_stopped_by_a_variable_that_it_does_not_read(settings_from: Reader) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        settings_from(GATE | {"DATABASE_URL": "mysql://h/d"})
    assert read_settings(GateSettings).gate == Path("gate.yaml")
    assert read_settings(LogSettings).log_level == "info"


def test_no_file_is_read_by_surprise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings_from: Reader) -> None:
    (tmp_path / ".env").write_text("LANEWATCH_PORT=1\n")
    monkeypatch.chdir(tmp_path)
    assert settings_from(GATE).port == 8080


def test_every_setting_is_documented() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    table = settings_table(Settings)
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"`{name}`" in table
        assert f"`{name}`" in page, f"docs/settings.md does not describe {name}: run make docs"
