"""Configuration of the Asterisk that plays the phone network and the agents' phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.rig.sip.ari import APP, PASSWORD, USER

# Load order matters: a module finds only symbols of modules loaded before it.
MODULES: Final = """
    res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd res_pjproject
    res_http_websocket res_websocket_client res_stasis res_stasis_answer res_stasis_playback
    res_stasis_recording res_stasis_snoop res_ari_model res_ari res_ari_asterisk
    res_ari_bridges res_ari_channels res_ari_events app_stasis
    pbx_config func_channel func_callerid codec_alaw
    bridge_simple bridge_softmix res_rtp_asterisk res_rtp_multicast chan_rtp
    res_pjsip res_pjsip_session res_pjsip_pubsub res_pjsip_sdp_rtp res_pjsip_nat
    res_pjsip_endpoint_identifier_ip res_pjsip_caller_id res_pjsip_header_funcs
    res_pjsip_rfc3326 res_pjsip_refer res_pjsip_outbound_authenticator_digest
    res_pjsip_outbound_registration res_hep res_hep_pjsip chan_pjsip
"""


@dataclass(frozen=True)
class Ports:
    """UDP and TCP ports of the outside world on 127.0.0.1; `engine` is the engine's SIP port."""

    network: int
    phones: int
    http: int
    hep: int
    engine: int


def configuration(ports: Ports, registrations: Mapping[str, str]) -> dict[str, str]:
    """The configuration files by name; `registrations` are phones that register, by password."""
    return {
        "pjsip.conf": _pjsip(ports)
        + "".join(_registration(name, password, ports) for name, password in registrations.items()),
        "extensions.conf": (
            f"[outside]\nexten => _[+0-9a-zA-Z]!,1,Stasis({APP},called,${{EXTEN}})\n"
        ),
        "http.conf": (
            "[general]\nenabled=yes\nbindaddr=127.0.0.1\nsessionlimit=1000\n"
            f"bindport={ports.http}\n"
        ),
        "ari.conf": (
            "[general]\nenabled=yes\nwebsocket_write_timeout=5000\n"
            f"[{USER}]\ntype=user\npassword={PASSWORD}\n"
        ),
        "hep.conf": (
            "[general]\nenabled=yes\ncapture_id=1\nuuid_type=call-id\n"
            f"capture_address=127.0.0.1:{ports.hep}\n"
        ),
        "cdr.conf": "[general]\nenable=no\n",
        "cel.conf": "[general]\nenable=no\n",
    }


def _pjsip(ports: Ports) -> str:
    return f"""\
[network-transport]
type=transport
protocol=udp
bind=127.0.0.1:{ports.network}

[phones-transport]
type=transport
protocol=udp
bind=127.0.0.1:{ports.phones}

[network]
type=endpoint
transport=network-transport
context=outside
disallow=all
allow=alaw
aors=network
dtmf_mode=rfc4733
direct_media=no
rtp_symmetric=yes
send_pai=no
trust_id_outbound=no
trust_id_inbound=no
send_connected_line=no
timers=no

[network]
type=aor
contact=sip:127.0.0.1:{ports.engine}

[network]
type=identify
endpoint=network
match=127.0.0.1
"""


def _registration(name: str, password: str, ports: Ports) -> str:
    return f"""
[{name}]
type=registration
transport=phones-transport
server_uri=sip:127.0.0.1:{ports.engine}
client_uri=sip:{name}@127.0.0.1:{ports.engine}
contact_user={name}
outbound_auth={name}
retry_interval=1
forbidden_retry_interval=1
fatal_retry_interval=1

[{name}]
type=auth
auth_type=userpass
username={name}
password={password}
"""
