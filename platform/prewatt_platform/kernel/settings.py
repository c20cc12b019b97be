"""Settings of the platform, from environment variables `PREWATT_*` only."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from prewatt_platform.kernel.errors import SettingWrong


class Settings(BaseSettings):
    """All settings, with their defaults. `prewatt serve --help` and `docs/administrators.md` list them."""

    model_config = SettingsConfigDict(env_prefix="PREWATT_", extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL; without it an embedded server is started in the data folder",
    )
    data: Path | None = Field(
        default=None,
        description="folder of the embedded database; without it a temporary one, removed at the end",
    )
    database_connections_max: int = Field(default=10, ge=2, le=100, description="size of the connection pool")
    read_timeout_s: float = Field(
        default=1.5, gt=0, le=60, description="seconds to wait for a meter's answer"
    )
    read_retries: int = Field(default=1, ge=0, le=5, description="repetitions of an unanswered read")
    tick_s: float = Field(
        default=1.0, gt=0, description="seconds between looks at the schedule and at due commands"
    )
    session_idle_s: int = Field(
        default=1800, ge=60, description="seconds without use after which a session ends"
    )
    session_absolute_s: int = Field(
        default=43200, ge=60, description="seconds from sign-in to the latest end of a session"
    )
    introspection: bool = Field(
        default=False, description="let clients ask the API for its schema (development)"
    )
    allowed_origins: str = Field(
        default="", description="other origins whose web pages may open a WebSocket, separated by spaces"
    )
    log_json: bool = Field(default=False, description="log lines as JSON objects")


def read_settings() -> Settings:
    """Read the settings from the environment. Raises `SettingWrong` for the first invalid one."""
    try:
        return Settings()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise SettingWrong(f"PREWATT_{str(first['loc'][0]).upper()}", first["msg"]) from wrong
