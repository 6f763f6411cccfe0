"""`groschen dialplan render`: the files of an Asterisk that the engine does not run itself."""

import sysconfig
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from engine.app import secret
from engine.asterisk.dialplan import Site, render
from engine.asterisk.process import hashed, write_config, write_site
from engine.cli.books.opening import inventory_of
from engine.errors import CallerError, EngineError
from engine.settings import Settings, read_settings

DEBIAN_MODULES = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/asterisk/modules"
DEBIAN_DATA = "/usr/share/asterisk"
DEBIAN_RUN = "/run/asterisk"
RTP_PORTS = "10000-10199"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - where callers come from is not known here
UNSHOWN = "not-shown-here"


@click.command("render")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Asterisk's own folder; files go into its etc/. Printed without secrets if not given.",
)
@click.option("--rtp", default=RTP_PORTS, show_default=True, help="RTP ports.")
@click.option("--sip-host", default=EVERYWHERE, show_default=True, help="Address SIP is bound to.")
@click.option("--outside", default="", help="Address to offer behind address translation.")
@click.option("--inside", default="", help="Network that is not behind it (10.0.0.0/8).")
@click.option("--module-dir", default=DEBIAN_MODULES, show_default=True, help="Its modules.")
@click.option("--data-dir", default=DEBIAN_DATA, show_default=True, help="Its data.")
@click.option("--run-dir", default=DEBIAN_RUN, show_default=True, help="Its control socket.")
def render_files(to: Path | None, rtp: str, **places: str) -> None:
    """Render the files of an Asterisk that the engine does not run itself.

    Addresses, users and secrets of ARI and AMI are those of the settings (GROSCHEN_ARI_…,
    GROSCHEN_AMI_…); both admit the engine's address alone (GROSCHEN_AGI_HOST). The operator's own
    dialplan comes to it by `groschen dialplan apply`, with GROSCHEN_ASTERISK_FOLDER.

    \b
    Example:
      groschen dialplan render --to /srv/asterisk
    """
    ports = _ports(rtp)
    try:
        settings = read_settings()
        site = _site(settings, to, ports, places)
        rendered = render(inventory_of(settings), site)
    except EngineError as fault:
        field = getattr(fault, "field", "")
        raise click.ClickException(f"{field} {fault}".strip()) from fault
    if to is None:
        for name, text in rendered.items():
            click.echo(f"; ===== {name}\n{text}")
        return
    write_config(to, rendered)
    write_site(to, site)
    click.echo(f"Written: {len(rendered)} files in {to / 'etc'}", err=True)


def usual_site(settings: Settings) -> Site:
    """Where an Asterisk lives that nothing more is said of: Debian's places, and no secrets."""
    places = {
        "sip_host": EVERYWHERE,
        "outside": "",
        "inside": "",
        "module_dir": DEBIAN_MODULES,
        "data_dir": DEBIAN_DATA,
        "run_dir": DEBIAN_RUN,
    }
    return _site(settings, None, _ports(RTP_PORTS), places)


def _ports(rtp: str) -> tuple[int, int]:
    start, _, end = rtp.partition("-")
    if not (start.isdigit() and end.isdigit() and 1024 <= int(start) < int(end) <= 65535):
        raise click.BadParameter("must be two ports such as 10000-10199", param_hint="--rtp")
    return int(start), int(end)


def _site(
    settings: Settings, to: Path | None, ports: tuple[int, int], places: Mapping[str, str]
) -> Site:
    """Where that Asterisk lives. `CallerError` names the setting that is missing."""
    address = urlsplit(settings.ari_url or "http://127.0.0.1:8088/ari")
    password, ami_secret = secret(settings.ari_password), secret(settings.ami_secret)
    if to is not None and not (settings.ari_url and password and ami_secret):
        missing = "GROSCHEN_ARI_URL, GROSCHEN_ARI_PASSWORD and GROSCHEN_AMI_SECRET"
        raise CallerError(f"{missing} must be set, as the engine will use them")
    return Site(
        folder=str((to or Path("/srv/asterisk")).absolute()),
        run_folder=places["run_dir"],
        module_dir=places["module_dir"],
        data_dir=places["data_dir"],
        music_folder=str(settings.sounds / "music"),
        fault_prompt=str(settings.sounds / "de" / "audio" / "fault"),
        ari_password_hash=hashed(password or "") if to else UNSHOWN,
        ami_secret=ami_secret or "" if to else UNSHOWN,
        ari_user=settings.ari_user,
        ami_user=settings.ami_user,
        sip_host=places["sip_host"],
        sip_port=settings.sip_port,
        http_host=address.hostname or "127.0.0.1",
        http_port=address.port or 8088,
        ami_host=settings.ami_host,
        ami_port=settings.ami_port,
        admitted=settings.agi_host,
        agi_host=settings.agi_host,
        agi_port=settings.agi_port,
        outside_address=places["outside"],
        inside_network=places["inside"],
        rtp_start=ports[0],
        rtp_end=ports[1],
    )
