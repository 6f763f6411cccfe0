"""How one process is run: from the environment, secrets also from files.

Every setting is a variable `GROSCHEN_<NAME>`; one that holds a secret may be given as
`GROSCHEN_<NAME>_FILE`, a file that holds nothing else. Business (trunks, prices, people) is not
here but in the operator's files (`config/`). Only `app` and `cli` read this.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import CallerError

CHECKOUT = Path(__file__).resolve().parents[1]
PREFIX = "GROSCHEN_"


class Settings(BaseSettings):
    """All settings of a process; the defaults are those of a checkout that runs by itself."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    engine: str = Field(
        "engine-1",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="this engine's name, unique among all engines of one store",
    )
    var: Path = Field(CHECKOUT / "var", description="where everything written at run time lives")
    config: Path = Field(CHECKOUT / "config", description="the operator's files")
    sounds: Path = Field(CHECKOUT / "sounds", description="prompt texts and recordings")
    store_url: str | None = Field(
        None, description="Valkey or Redis; left out: an embedded store under `var`"
    )
    store_password: SecretStr | None = Field(None, description="its password")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL or SQLite; left out: SQLite under `var`"
    )
    ari_url: str | None = Field(
        None, description="an Asterisk that is not ours, `http://host:8088/ari`; left out: our own"
    )
    ari_user: str = Field("engine", description="its ARI user")
    ari_password: SecretStr | None = Field(None, description="its ARI password")
    ami_host: str = Field("127.0.0.1", description="its AMI host")
    ami_port: int = Field(5038, ge=1, le=65535, description="its AMI port")
    ami_user: str = Field("engine", description="its AMI user")
    ami_secret: SecretStr | None = Field(None, description="its AMI secret")
    cel_file: str = Field("", description="its CEL notes, where the engine can read them")
    sip_port: int = Field(
        5060, ge=0, le=65535, description="SIP port (UDP) of our own Asterisk; 0: a free one"
    )
    agi_host: str = Field("127.0.0.1", description="where FastAGI listens")
    agi_port: int = Field(4573, ge=0, le=65535, description="FastAGI port; 0: a free one")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="log from")
    log_format: Literal["console", "json"] = Field("console", description="for people or programs")
    log_numbers: Literal["masked", "full"] = Field(
        "masked", description="how phone numbers appear in logs"
    )

    @field_validator("var", "config", "sounds")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.absolute()

    @property
    def run_folder(self) -> Path:
        """Where this engine keeps its store, books and Asterisk."""
        return self.var / "run" / self.engine

    @property
    def database(self) -> str:
        """The ledger's address."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.run_folder / 'ledger.sqlite3'}"


def read_settings() -> Settings:
    """The settings of this process. `CallerError` names the variable and the rule it breaks."""
    try:
        return Settings(**_from_files())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = PREFIX + "_".join(str(part) for part in fault["loc"]).upper()
        raise CallerError(f"{name}: {fault['msg']}", name) from None


def _from_files() -> dict[str, Any]:
    """Secrets whose variable names a file."""
    found: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        variable = f"{PREFIX}{name.upper()}_FILE"
        if variable not in os.environ or "SecretStr" not in str(field.annotation):
            continue
        try:
            found[name] = Path(os.environ[variable]).read_text().strip()
        except OSError as error:
            raise CallerError(f"{variable}: cannot be read: {error.strerror}", variable) from None
    return found
