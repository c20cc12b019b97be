"""Settings come from `PREWATT_*` only; an invalid one is refused by name, a secret is not printed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from prewatt_platform.kernel.settings import Settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("PREWATT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults() -> None:
    settings = Settings()
    assert settings.database_url is None
    assert (settings.read_timeout_s, settings.read_retries, settings.session_idle_s) == (1.5, 1, 1800)


def test_environment_variables_override_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREWATT_READ_RETRIES", "3")
    monkeypatch.setenv("PREWATT_DATA", "/srv/prewatt")
    settings = Settings()
    assert settings.read_retries == 3
    assert settings.data == Path("/srv/prewatt")


def test_a_dotenv_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PREWATT_READ_RETRIES=3\n")
    assert Settings().read_retries == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("read_retries", "many"),
        ("read_retries", "6"),
        ("read_timeout_s", "0"),
        ("database_connections_max", "1"),
        ("session_idle_s", "59"),
        ("log_json", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PREWATT_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_the_database_s_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREWATT_DATABASE_URL", "postgresql://anna:tell-nobody@db/prewatt")
    settings = Settings()
    assert "tell-nobody" not in repr(settings)
    assert "tell-nobody" not in settings.model_dump_json()


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
