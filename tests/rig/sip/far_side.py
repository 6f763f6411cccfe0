"""An Asterisk that stands where the engine's would, to prove the rig itself.

Its plain dialplan does with a call what the engine does with sound and signalling: early media,
answer, prompts, dialling an agent, bridging; no money, no engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.rig.sip.asterisk import Asterisk

MODULES: Final = """
    res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd res_pjproject
    res_http_websocket pbx_config func_channel func_callerid func_timeout codec_alaw
    format_wav format_pcm bridge_simple bridge_native_rtp bridge_softmix res_rtp_asterisk
    app_dial app_playback app_verbose app_read app_exec app_stack
    res_pjsip res_pjsip_session res_pjsip_pubsub res_pjsip_sdp_rtp res_pjsip_nat
    res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
    res_pjsip_authenticator_digest res_pjsip_registrar
    res_pjsip_caller_id res_pjsip_header_funcs res_pjsip_rfc3326 res_pjsip_refer chan_pjsip
"""


def far_side(
    folder: Path, *, sip_port: int, network_port: int, phones_port: int, extensions: str
) -> Asterisk:
    """An Asterisk with `sip_port`, a trunk to `network_port`, phones at `phones_port`.

    `extensions` is its dialplan (context `in`); `PJSIP/<number>@trunk` dials an outside number,
    `PJSIP/phone/sip:<name>@127.0.0.1:<phones_port>` an inside phone, `PJSIP/reg` the phone
    `reg` (password `secret`) where it has registered.
    """
    return Asterisk(
        folder,
        files={
            "pjsip.conf": _pjsip(sip_port, network_port),
            "extensions.conf": extensions.replace("PHONES", f"127.0.0.1:{phones_port}"),
            "cdr.conf": "[general]\nenable=no\n",
            "cel.conf": "[general]\nenable=no\n",
        },
        modules=MODULES,
    )


def _pjsip(sip_port: int, network_port: int) -> str:
    common = """\
type=endpoint
context=in
disallow=all
allow=alaw
dtmf_mode=rfc4733
direct_media=no
allow_transfer=no
send_connected_line=no
trust_id_inbound=yes
trust_id_outbound=yes
"""
    return f"""\
[global]
type=global
endpoint_identifier_order=ip,username

[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip_port}

[trunk]
{common}aors=trunk

[trunk]
type=aor
contact=sip:127.0.0.1:{network_port}

[trunk]
type=identify
endpoint=trunk
match=127.0.0.1:{network_port}

[phone]
{common}
[reg]
{common}aors=reg
auth=reg

[reg]
type=aor
max_contacts=1

[reg]
type=auth
auth_type=userpass
username=reg
password=secret
"""
