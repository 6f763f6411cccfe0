"""The configuration our Asterisk reads, rendered from the inventory: pure text to text.

`render` fills the templates in `dialplan/` with an `Inventory` and a `Site` (ports, folders,
secrets). Whatever is inserted is checked first: a value that could end its line, begin a comment,
open a section or reach into the dialplan's own language is refused with `CallerError`, so no name
in the operator's files can write configuration of its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.core.inventory import Agent, AgentKind, Inventory, Trunk
from engine.errors import CallerError

TEMPLATES = Path(__file__).resolve().parents[2] / "dialplan"
APP_PREFIX = "groschen"

# Anything else could end a line, begin a comment (;), call a function (${) or split a list.
_PLAIN = re.compile(r"[A-Za-z0-9 _.:/+$~@-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")

MODULES = (
    # SIP
    "res_pjproject",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjsip",
    "res_pjsip_pubsub",
    "res_pjsip_refer",
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_nat",
    "res_pjsip_caller_id",
    "res_pjsip_header_funcs",
    "res_pjsip_rfc3326",
    "res_pjsip_dtmf_info",
    "res_pjsip_dlg_options",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_authenticator_digest",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_registrar",
    "chan_pjsip",
    # audio
    "res_timing_timerfd",
    "res_rtp_asterisk",
    "codec_alaw",
    "codec_ulaw",
    "codec_gsm",
    "codec_g722",
    "codec_resample",
    "format_gsm",
    "format_pcm",
    "format_sln",
    "format_wav",
    "res_musiconhold",
    "bridge_simple",
    "bridge_softmix",
    # control
    "res_http_websocket",
    "res_websocket_client",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop",
    "res_stasis_broadcast",
    "res_ari",
    "res_ari_model",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
    "res_manager_devicestate",
    "res_security_log",
    # dialplan
    "pbx_config",
    "app_stasis",
    "app_stasis_broadcast",
    "app_playback",
    "app_stack",
    "res_speech",
    "res_agi",
    "func_callerid",
    "func_channel",
    "func_logic",
    "func_strings",
    "func_timeout",
    # notes of what happened
    "res_cdrel_custom",
    "cel_custom",
)


# Asterisk logs an error for each of these that is missing, though its defaults are wanted.
LEFT_EMPTY = (
    "acl.conf",
    "ccss.conf",
    "features.conf",
    "pjproject.conf",
    "udptl.conf",
    "websocket_client.conf",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where one Asterisk lives: folders, addresses, ports and secrets.

    `fault_prompt` (an absolute path without suffix) is heard when no engine takes a call;
    `first_timeout_s` ends a call that no engine has given a deadline of its own. ARI and AMI are
    for `admitted` alone, an address or network of the engines. Behind address translation
    `outside_address` is offered to whoever is not in `inside_network`.
    """

    folder: str
    run_folder: str
    module_dir: str
    data_dir: str
    music_folder: str
    fault_prompt: str
    ari_password_hash: str
    ami_secret: str
    sip_port: int
    http_port: int
    ami_port: int
    rtp_start: int
    rtp_end: int
    sip_host: str = "127.0.0.1"
    http_host: str = "127.0.0.1"
    ami_host: str = "127.0.0.1"
    admitted: str = "127.0.0.1"
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    outside_address: str = ""
    inside_network: str = ""
    ari_user: str = APP_PREFIX
    ari_monitor_password_hash: str = ""
    ami_user: str = APP_PREFIX
    app_prefix: str = APP_PREFIX
    system_name: str = APP_PREFIX
    first_timeout_s: int = 180
    claim_timeout_ms: int = 2000
    verbose: bool = False
    agent_secrets: Mapping[str, str] = field(default_factory=dict)


def render(
    inventory: Inventory, site: Site, own: Sequence[str] = (), templates: Path = TEMPLATES
) -> dict[str, str]:
    """All configuration files of one Asterisk: name (`pjsip.conf`) to text.

    `own` names the operator's files in `etc/own.d` that the dialplan includes. Raises
    `CallerError` with the dotted path of the first value that must not be inserted.
    """
    _told_apart("trunks.name", [trunk.name for trunk in inventory.trunks])
    _told_apart("trunks.host", [f"{trunk.host}:{trunk.port}" for trunk in inventory.trunks])
    _told_apart("agents.name", [agent.name for agent in inventory.agents])
    values = {
        **asdict(site),
        "own": [_checked(_NAME, name, f"own.{name}") for name in own],
        "modules": MODULES,
        "trunks": [_checked_trunk(trunk) for trunk in inventory.trunks],
        "phones": [_checked_phone(agent, site) for agent in inventory.agents if _is_phone(agent)],
    }
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        finalize=_plain,
        autoescape=False,  # noqa: S701 - not markup; `finalize` refuses what could harm
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    left_empty = dict.fromkeys(LEFT_EMPTY, "; Asterisk's defaults hold.\n")
    return left_empty | {
        path.name.removesuffix(".j2"): environment.get_template(path.name).render(values)
        for path in sorted(templates.glob("*.j2"))
    }


def endpoint_of(agent: Agent) -> str:
    """The address `Dial.endpoint` wants for an agent: his phone, or his number by his trunk."""
    if _is_phone(agent):
        return f"PJSIP/agent-{_name(agent.name, 'agents.name')}"
    return endpoint_of_number(agent.trunk, agent.address)


def endpoint_of_number(trunk: str, number: str) -> str:
    """The address `Dial.endpoint` wants for a number in the outside network."""
    return f"PJSIP/{_checked(_NUMBER, number, 'number')}@trunk-{_name(trunk, 'trunk')}"


def _told_apart(where: str, values: Sequence[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise CallerError(f"{value} is there twice", where)


def _is_phone(agent: Agent) -> bool:
    return agent.kind is AgentKind.PHONE


def _checked_trunk(trunk: Trunk) -> Trunk:
    where = f"trunks.{_name(trunk.name, 'trunks.name')}"
    _host(trunk.host, f"{where}.host")
    _port(trunk.port, f"{where}.port")
    return trunk


def _checked_phone(agent: Agent, site: Site) -> Agent:
    where = f"agents.{_name(agent.name, 'agents.name')}"
    if agent.address:
        host, _, port = agent.address.rpartition(":")
        _host(host, f"{where}.address")
        _port(port, f"{where}.address")
    elif agent.name not in site.agent_secrets:
        raise CallerError("a phone that registers needs a secret", f"{where}.secret")
    return agent


def _name(value: str, where: str) -> str:
    return _checked(_NAME, value, where)


def _host(value: str, where: str) -> None:
    """An IPv4 address or a host name, which have the same letters."""
    _checked(_HOST, value, where)


def _port(value: int | str, where: str) -> None:
    if not (str(value).isascii() and str(value).isdigit() and 0 < int(value) < 65536):
        raise CallerError(f"{value!r} is no port (1 to 65535)", where)


def _checked(pattern: re.Pattern[str], value: str, where: str) -> str:
    if not pattern.fullmatch(value):
        raise CallerError(f"{value!r} has characters that are not allowed here", where)
    return value


def _plain(value: object) -> object:
    """The last gate before a value becomes text, whatever was checked before it."""
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise CallerError(f"{value!r} cannot stand in Asterisk's configuration")
    return value
