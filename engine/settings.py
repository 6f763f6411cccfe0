"""How one process is run: from the environment, secrets also from files.

Every setting is a variable `GROSCHEN_<NAME>`, or `GROSCHEN_<NAME>_FILE`, a file that holds nothing
else, as secrets are handed to containers; an empty one counts as left out. All are listed in
`config/README.md`, made from here by `groschen settings`. Business (trunks, prices, people) is not
here but in the operator's files (`config/`). Only `app` and `cli` read this.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from engine.errors import CallerError

CHECKOUT = Path(__file__).resolve().parents[1]
PREFIX = "GROSCHEN_"

OTHERS_READ = (
    "GROSCHEN_ASTERISK",
    "GROSCHEN_CHROMIUM",
    "GROSCHEN_DEBIAN_KEYRING",
    "GROSCHEN_DEBIAN_MIRROR",
    "GROSCHEN_POSTGRES",
    "GROSCHEN_PUBLIC_ADDRESS",
)
"""Variables that scripts, tests and containers read, not the engine."""

MOST_FILE_BYTES = 10_000
"""The largest file that a `GROSCHEN_<NAME>_FILE` may name."""


class Settings(BaseModel):
    """All settings of a process; the defaults are those of a checkout that runs by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
        None,
        pattern=r"^https?://[^\s/]+",
        description="an Asterisk that is not ours, `http://host:8088/ari`; left out: our own",
    )
    ari_user: str = Field("engine", description="its ARI user")
    ari_password: SecretStr | None = Field(None, description="its ARI password")
    ami_host: str = Field("127.0.0.1", description="its AMI host")
    ami_port: int = Field(5038, ge=1, le=65535, description="its AMI port")
    ami_user: str = Field("engine", description="its AMI user")
    ami_secret: SecretStr | None = Field(None, description="its AMI secret")
    cel_file: str = Field("", description="its CEL notes, where the engine can read them")
    asterisk_folder: Path | None = Field(
        None, description="its folder, if its `etc` may be changed from here"
    )
    sip_port: int = Field(
        5060, ge=0, le=65535, description="SIP port (UDP) of our own Asterisk; 0: a free one"
    )
    own_dialplan: Path = Field(
        CHECKOUT / "dialplan" / "own", description="the operator's own dialplan, beside ours"
    )
    agi_host: str = Field("127.0.0.1", description="where FastAGI listens")
    agi_port: int = Field(4573, ge=0, le=65535, description="FastAGI port; 0: a free one")
    web_host: str = Field("127.0.0.1", description="where pages and callbacks are listened for")
    web_port: int = Field(8080, ge=0, le=65535, description="their port; 0: a free one")
    web_origin: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+$",
        description="where the world reaches them, such as https://pay.example.org",
    )
    web_proxies: int = Field(
        0, ge=0, le=9, description="proxies before us that say who asks (X-Forwarded-For)"
    )
    web_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="seals links, webhooks, second factors; the same in all engines, or made",
    )
    secrets: Path | None = Field(
        None, description="folder of the payment providers' secrets; left out: under `var`"
    )
    statements: Path | None = Field(
        None,
        description="where each month's statements are filed, in a folder of the engine's name; "
        "left out: under `var`",
    )
    webhook_loopback: bool = Field(
        False, description="whether webhooks may go to this very machine, by http too: for trials"
    )
    smtp_host: str | None = Field(
        None, description="server that mails are sent by; left out: no mails are sent"
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection to it is secured"
    )
    smtp_user: str = Field("", description="its user; left out: without signing in")
    smtp_password: SecretStr | None = Field(None, description="his password")
    mail_from: str | None = Field(None, description="the address that mails come from")
    manager_limit: str = Field(
        "50.00",
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$",
        description="the most that a manager credits or debits at a time in the console",
    )
    health_host: str = Field(
        "127.0.0.1", description="where metrics and health are asked for; never the world's address"
    )
    health_port: int = Field(9464, ge=0, le=65535, description="their port; 0: a free one")
    numbers_reclaim: Literal["proposed", "automatic"] = Field(
        "proposed", description="what becomes of numbers nobody called for twelve months"
    )
    numbers_seat: Literal["proved", "on_demand"] = Field(
        "proved",
        description="whether a seat is proved before its first order is switched on (a new seat by"
        " a day, its numbers are replaced at once), or if asked for",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="log from")
    log_format: Literal["console", "json"] = Field("console", description="for people or programs")
    log_numbers: Literal["masked", "full"] = Field(
        "masked", description="how phone numbers appear in logs"
    )

    @field_validator(
        "var", "config", "sounds", "secrets", "statements", "asterisk_folder", "own_dialplan"
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.absolute() if path is not None else None

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


@dataclass(frozen=True, slots=True)
class Documented:
    """One setting as a reader needs it; `default` is empty where leaving out has a meaning."""

    variable: str
    meaning: str
    default: str
    secret: bool


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process, from `environ` alone.

    `CallerError` names every variable that is wrong and the rule it breaks, a line each; `field`
    is the first. A `GROSCHEN_` variable that nothing reads is wrong too: it is a misspelt one.
    """
    given = {name: text for name, text in environ.items() if name.startswith(PREFIX) and text}
    faults: dict[str, str] = {}
    values: dict[str, str] = {}
    for name in given:
        if name not in _variables() and name not in OTHERS_READ:
            faults[name] = f"is not read{_meant(name)}"
    for name in Settings.model_fields:
        try:
            text = _given(given, name)
        except CallerError as fault:
            faults[fault.field] = str(fault)
            continue
        if text is not None:
            values[name] = text
    return _checked(values, faults)


def documented() -> list[Documented]:
    """Every setting, in its order."""
    return [
        Documented(
            variable=PREFIX + name.upper(),
            meaning=field.description or "",
            default=_shown(field.default),
            secret=_is_secret(field),
        )
        for name, field in Settings.model_fields.items()
    ]


def _checked(values: Mapping[str, str], faults: dict[str, str]) -> Settings:
    settings = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            rule = fault["msg"].replace("Input should", "must").replace("String should", "must")
            faults[PREFIX + str(fault["loc"][0]).upper()] = rule
    if faults or settings is None:
        told = [f"{name}: {rule}" for name, rule in sorted(faults.items())]
        raise CallerError("\n".join(told), min(faults, default=""))
    return settings


def _given(given: Mapping[str, str], name: str) -> str | None:
    """The text of a setting, from its variable or from the file that is named; None if neither."""
    variable = PREFIX + name.upper()
    from_file = f"{variable}_FILE"
    if from_file not in given:
        return given.get(variable)
    if variable in given:
        raise CallerError(f"is given beside {variable}; give one of the two", from_file)
    try:
        with Path(given[from_file]).open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
        text = content.decode().strip()
    except OSError as error:
        raise CallerError(f"cannot be read: {error.strerror}", from_file) from None
    except UnicodeDecodeError:
        raise CallerError("must name a file of UTF-8 text", from_file) from None
    if not text or len(content) > MOST_FILE_BYTES:
        raise CallerError(f"must name a file of 1 to {MOST_FILE_BYTES} bytes", from_file)
    return text


def _variables() -> list[str]:
    """Every variable that is read here."""
    plain = [PREFIX + name.upper() for name in Settings.model_fields]
    return plain + [f"{name}_FILE" for name in plain]


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation == SecretStr | None


def _meant(name: str) -> str:
    found = get_close_matches(name, [*_variables(), *OTHERS_READ], n=1, cutoff=0.8)
    return f"; did you mean {found[0]}?" if found else ""


def _shown(default: object) -> str:
    """A default as it is documented: folders of the checkout by their name in it."""
    if isinstance(default, Path):
        return default.relative_to(CHECKOUT).as_posix()
    return "" if default is None else str(default)
