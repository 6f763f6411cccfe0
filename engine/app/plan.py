"""What one engine runs with: made from the settings and the operator's files."""

import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from engine.asterisk.dialplan import Site
from engine.asterisk.etc.files import AsteriskFiles
from engine.asterisk.process import Access
from engine.core.inventory import Inventory
from engine.core.mail import check_address
from engine.core.money import MICROS, parse_micros
from engine.core.numbers.holder import Policy
from engine.errors import CallerError
from engine.flows.payments.seals import SECRET_BYTES_LEAST
from engine.post.smtp import Security, SmtpServer
from engine.settings import Settings

OWN_ASTERISK = "asterisk"
OWN_SEAL_FILE = "web-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPlan:
    """How pages are served. `origin` is where the world reaches them; empty: `host` and its port.

    `proxies` stand before us and say who asks; `secret` seals what we give out, in hexadecimal
    digits, the same for all engines of a site; `secrets` is the folder of the providers' secrets.
    `webhook_loopback` lets webhooks go to this very machine.
    `manager_limit_micros` is the most that a manager moves by hand at a time. Without a server for
    `mail` nobody is mailed anything.
    """

    host: str = "127.0.0.1"
    port: int = 0
    origin: str = ""
    proxies: int = 0
    secret: str
    secrets: Path
    webhook_loopback: bool = False
    manager_limit_micros: int = 50 * MICROS
    mail: SmtpServer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one engine runs with. None stands for our own: embedded store, SQLite, our Asterisk.

    `asterisk_folder` is that of an Asterisk not ours whose files may be changed, `own_dialplan` the
    operator's folder of dialplan of his own.
    `folder` keeps all that is written at run time, but the months' `statements` if a place for them
    is given; `sounds` is the operator's prompt folder and `rendered` where further audio is made;
    `program` names the Asterisk that can be run. An `inventory` that is given is the engine's for
    good; without one it goes by the version in force, and the files in `config` become the first if
    there is none.
    """

    engine: str
    folder: Path
    statements: Path | None = None
    inventory: Inventory | None = None
    config: Path = Path("config")
    sounds: Path
    rendered: Path
    program: Path
    access: Access | None = None
    sip_port: int = 0
    asterisk_folder: Path | None = None
    own_dialplan: Path | None = None
    store_url: str | None = None
    store_password: str | None = None
    database_url: str | None = None
    agi_host: str = "127.0.0.1"
    agi_port: int = 0
    health_host: str = "127.0.0.1"
    health_port: int = 0
    web: WebPlan | None = None
    numbers: Policy = field(default_factory=Policy)

    @property
    def database(self) -> str:
        """The ledger's address; SQLite in our folder by default."""
        return self.database_url or f"sqlite:///{self.folder / 'ledger.sqlite3'}"

    @property
    def app(self) -> str:
        """This engine's own ARI application."""
        return f"groschen-{self.engine}"


def plan_of(settings: Settings) -> Plan:
    """What a process runs with by its settings."""
    return Plan(
        engine=settings.engine,
        folder=settings.run_folder,
        statements=settings.statements / settings.engine if settings.statements else None,
        config=settings.config,
        sounds=settings.sounds,
        rendered=settings.var / "sounds",
        program=settings.var / "asterisk.json",
        access=_access(settings),
        sip_port=settings.sip_port,
        asterisk_folder=settings.asterisk_folder,
        own_dialplan=settings.own_dialplan,
        store_url=settings.store_url,
        store_password=secret(settings.store_password),
        database_url=secret(settings.database_url),
        agi_host=settings.agi_host,
        agi_port=settings.agi_port,
        health_host=settings.health_host,
        health_port=settings.health_port,
        web=web_plan_of(settings),
        numbers=policy_of(settings),
    )


def policy_of(settings: Settings) -> Policy:
    """What the operator has chosen about numbers."""
    return Policy(
        reclaim_automatic=settings.numbers_reclaim == "automatic",
        prove_seat_first=settings.numbers_seat == "proved",
    )


def asterisk_files(settings: Settings) -> AsteriskFiles:
    """The files of the Asterisk that these settings name; `CallerError` if they are not here."""
    folder = _folder_of_asterisk(settings)
    return AsteriskFiles.opened(folder, settings.own_dialplan, _access(settings))


def files_to_check(settings: Settings, usual: Site) -> AsteriskFiles:
    """Those files, for checking alone: of a `usual` Asterisk if none was ever rendered there."""
    return AsteriskFiles.to_check(_folder_of_asterisk(settings), settings.own_dialplan, usual)


def _folder_of_asterisk(settings: Settings) -> Path:
    if settings.ari_url is None:
        return settings.run_folder / OWN_ASTERISK
    if settings.asterisk_folder is None:
        raise CallerError("an Asterisk that is not ours needs GROSCHEN_ASTERISK_FOLDER", "asterisk")
    return settings.asterisk_folder


def web_plan_of(settings: Settings) -> WebPlan:
    """How pages are served by these settings."""
    given = secret(settings.web_secret)
    return WebPlan(
        host=settings.web_host,
        port=settings.web_port,
        origin=settings.web_origin or "",
        proxies=settings.web_proxies,
        secret=given.encode().hex() if given else _own_secret(settings.var / OWN_SEAL_FILE),
        secrets=settings.secrets or settings.var / "secrets",
        webhook_loopback=settings.webhook_loopback,
        manager_limit_micros=parse_micros(settings.manager_limit, field="manager_limit"),
        mail=_mail(settings),
    )


def _mail(settings: Settings) -> SmtpServer | None:
    """The server that mails are sent by; `CallerError` without an address that they come from."""
    if settings.smtp_host is None:
        return None
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=check_address(settings.mail_from or "", field="mail_from"),
        security=Security(settings.smtp_security),
        user=settings.smtp_user,
        password=secret(settings.smtp_password) or "",
    )


def _own_secret(file: Path) -> str:
    """The secret of this checkout, made once; engines that share `var` share it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent) as made:
            made.write(secrets.token_hex(SECRET_BYTES_LEAST))
            made.flush()
            # Whole or not at all, and only if no other engine was faster.
            with contextlib.suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text().strip()


def _access(settings: Settings) -> Access | None:
    """An Asterisk that is not ours, if the settings name one."""
    if settings.ari_url is None:
        return None
    return Access(
        ari_url=settings.ari_url,
        ari_user=settings.ari_user,
        ari_password=secret(settings.ari_password) or "",
        ami_host=settings.ami_host,
        ami_port=settings.ami_port,
        ami_user=settings.ami_user,
        ami_secret=secret(settings.ami_secret) or "",
        sip_host="",
        sip_port=0,
        cel_file=settings.cel_file,
    )


def secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None
