"""The configuration as text: what the settings must say, and what no name can smuggle in."""

import re
from dataclasses import replace

import pytest

from engine.asterisk.dialplan import LEFT_EMPTY, TEMPLATES, Site, endpoint_of, render
from engine.core.inventory import Agent, AgentKind, Inventory, Trunk
from engine.core.number import NumberFormat
from engine.errors import CallerError

SITE = Site(
    folder="/run/groschen",
    run_folder="/run/groschen/run",
    module_dir="/opt/modules",
    data_dir="/opt/data",
    music_folder="/run/groschen/music",
    fault_prompt="/run/groschen/fault",
    ari_password_hash="$1$salt$hash",
    ari_monitor_password_hash="$1$salt$hash2",
    ami_secret="secret",
    sip_port=5060,
    http_port=8088,
    ami_port=5038,
    rtp_start=10000,
    rtp_end=10999,
    agent_secrets={"berta": "word"},
)
TRUNK = Trunk(name="carrier", host="192.0.2.1", number_format=NumberFormat.E164_PLUS)
ANNA = Agent(name="anna", organisation="o", address="192.0.2.7:5060")
BERTA = Agent(name="berta", organisation="o")
CLARA = Agent(
    name="clara", organisation="o", kind=AgentKind.OUTSIDE, address="+4930", trunk="carrier"
)
INVENTORY = Inventory(version=1, trunks=(TRUNK,), agents=(ANNA, BERTA, CLARA))


def section(text: str, name: str, kind: str) -> dict[str, str]:
    """One section of a kind, as a dict."""
    for found in re.finditer(rf"(?m)^\[{re.escape(name)}\][^\n]*\n((?:(?!\[).*\n?)*)", text):
        lines = [line.split("=", 1) for line in found[1].splitlines() if "=" in line]
        values = {key.strip(): value.strip() for key, value in lines}
        if values.get("type", "endpoint") == kind:
            return values
    raise AssertionError(f"no {kind} {name}")


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    return render(INVENTORY, SITE)


def test_every_template_becomes_a_file(rendered: dict[str, str]) -> None:
    names = {path.name.removesuffix(".j2") for path in TEMPLATES.glob("*.j2")}
    assert set(rendered) == names | set(LEFT_EMPTY)
    assert all(text.endswith("\n") for text in rendered.values())


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("asterisk.conf", "live_dangerously = no"),
        ("ari.conf", "websocket_write_timeout = 2000"),
        ("ari.conf", "password_format = crypt"),
        ("ari.conf", "read_only = yes"),
        ("http.conf", "bindaddr = 127.0.0.1"),
        ("http.conf", "sessionlimit = 1000"),
        ("http.conf", "session_keep_alive = 20000"),
        ("http.conf", "session_inactivity = 30000"),
        ("http.conf", "enable_static = no"),
        ("modules.conf", "autoload = no"),
        ("cdr.conf", "enable = no"),
        ("cel.conf", "events = BRIDGE_ENTER,BRIDGE_EXIT,CHAN_END"),
        ("indications.conf", "country = de"),
    ],
)
def test_settings_that_traps_ask_for(rendered: dict[str, str], file: str, line: str) -> None:
    assert line in rendered[file].splitlines()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("direct_media", "no"),
        ("dtmf_mode", "rfc4733"),
        ("t38_udptl", "no"),
        ("fax_detect", "no"),
        ("allow_transfer", "no"),
        ("send_connected_line", "no"),
        ("trust_connected_line", "no"),
        ("trust_id_outbound", "no"),
        ("timers", "always"),
        ("timers_min_se", "90"),
        ("timers_sess_expires", "180"),
        ("rtp_timeout", "60"),
        ("rtp_timeout_hold", "300"),
    ],
)
def test_every_leg_has_the_settings_that_traps_ask_for(
    rendered: dict[str, str], setting: str, value: str
) -> None:
    template = re.search(r"(?ms)^\[leg\]\(!\)\n(.*?)\n\n", rendered["pjsip.conf"])
    assert template is not None
    assert f"{setting} = {value}" in template[1].splitlines()
    endpoints = re.findall(r"(?m)^\[(?:trunk|agent)-\w+\]\(leg\)$", rendered["pjsip.conf"])
    assert len(endpoints) == 3


def test_only_trunks_are_trusted_and_told_who_calls(rendered: dict[str, str]) -> None:
    trunk = section(rendered["pjsip.conf"], "trunk-carrier", "endpoint")
    agent = section(rendered["pjsip.conf"], "agent-anna", "endpoint")
    assert (trunk["trust_id_inbound"], trunk["send_pai"]) == ("yes", "yes")
    assert (agent["trust_id_inbound"], agent["send_pai"]) == ("no", "no")
    assert agent["context"] == "groschen-agent"
    identify = section(rendered["pjsip.conf"], "trunk-carrier", "identify")
    assert identify["match"] == "192.0.2.1:5060"


def test_nothing_goes_on_after_a_deadline_and_nobody_hears_silence(
    rendered: dict[str, str],
) -> None:
    text = rendered["extensions.conf"]
    assert not re.search(r"(?m)^exten => [Te],", text)
    steps = re.findall(r"(?m)^(?:exten => _\[\+0-9\]!,1|\s+same => n(?:\(\w+\))?),(\w+)", text)
    assert steps[0] == "Set"
    assert "TIMEOUT(absolute)=180" in text
    assert steps[-4:] == ["Progress", "Playback", "Hangup", "Hangup"]
    assert "Playback(/run/groschen/fault,noanswer)" in text
    assert "Hangup(38)" in text


def test_like_legs_cannot_speak_past_us(rendered: dict[str, str]) -> None:
    loaded = re.findall(r"(?m)^load = (\S+)", rendered["modules.conf"])
    assert "bridge_native_rtp.so" not in loaded
    assert not [name for name in loaded if name.startswith("cdr_")]
    assert "res_stasis_device_state.so" not in loaded


@pytest.mark.parametrize(
    "inventory",
    [
        replace(INVENTORY, trunks=(replace(TRUNK, name="a]\n[b"),)),
        replace(INVENTORY, trunks=(replace(TRUNK, name=""),)),
        replace(INVENTORY, trunks=(replace(TRUNK, host="192.0.2.1\ntype=x"),)),
        replace(INVENTORY, trunks=(replace(TRUNK, host="a b"),)),
        replace(INVENTORY, trunks=(replace(TRUNK, port=0),)),
        replace(INVENTORY, trunks=(replace(TRUNK, port=70000),)),
        replace(INVENTORY, agents=(replace(ANNA, name="anna;x"),)),
        replace(INVENTORY, agents=(replace(ANNA, name="${SHELL(id)}"),)),
        replace(INVENTORY, agents=(replace(ANNA, address="host:x"),)),
        replace(INVENTORY, agents=(replace(ANNA, address="h\n:5060"),)),
        replace(INVENTORY, agents=(replace(BERTA, name="doris"),)),
        replace(INVENTORY, trunks=(TRUNK, TRUNK)),
        replace(INVENTORY, agents=(ANNA, replace(ANNA, address="192.0.2.8:5060"))),
    ],
)
def test_values_that_could_write_configuration_are_refused(inventory: Inventory) -> None:
    with pytest.raises(CallerError) as refused:
        render(inventory, SITE)
    assert refused.value.field


@pytest.mark.parametrize("value", ["a\nb", "a;b", "${X}", 'a"b', "a[b", "a,b", "a&b", "a\\b"])
@pytest.mark.parametrize("name", ["fault_prompt", "ami_secret", "folder", "system_name"])
def test_no_setting_of_the_site_can_write_configuration(name: str, value: str) -> None:
    with pytest.raises(CallerError):
        render(INVENTORY, replace(SITE, **{name: value}))


def test_engines_elsewhere_are_admitted_and_nobody_else() -> None:
    site = replace(SITE, admitted="172.30.70.0/24", ami_host="172.30.70.10")
    rendered = render(INVENTORY, site)
    for file in ("ari.conf", "manager.conf"):
        users = rendered[file].count("permit = ")
        assert users == rendered[file].count("permit = 172.30.70.0/24")
        assert users == rendered[file].count("deny = 0.0.0.0/0")


def test_an_outside_address_is_offered_behind_translation() -> None:
    site = replace(SITE, outside_address="203.0.113.5", inside_network="172.30.70.0/24")
    transport = section(render(INVENTORY, site)["pjsip.conf"], "udp", "transport")
    assert transport["external_media_address"] == "203.0.113.5"
    assert transport["local_net"] == "172.30.70.0/24"
    assert "external" not in render(INVENTORY, SITE)["pjsip.conf"]


def test_agents_have_addresses() -> None:
    assert endpoint_of(ANNA) == "PJSIP/agent-anna"
    assert endpoint_of(CLARA) == "PJSIP/+4930@trunk-carrier"
    with pytest.raises(CallerError):
        endpoint_of(replace(CLARA, address="+4930@elsewhere"))
    with pytest.raises(CallerError):
        endpoint_of(replace(CLARA, trunk="a/b"))
