"""Models and calls of Asterisk's REST interface. Written by scripts/generate-ari.

Made from the API description of Asterisk's own `rest-api` folder. Unknown fields of an answer or
event are passed over, so a newer Asterisk may say more.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class StatusInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Info about Asterisk status"""

    startup_time: str


class AsteriskInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Asterisk system information"""

    status: StatusInfo | None = None


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """The merging of media from one or more channels."""

    id: str
    channels: list[str]


class DialplanCEP(msgspec.Struct, frozen=True, kw_only=True):
    """Dialplan location (context/extension/priority)"""

    exten: str
    app_name: str
    app_data: str


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A specific communication connection between Asterisk and an Endpoint."""

    id: str
    name: str
    state: str
    dialplan: DialplanCEP


class Variables(msgspec.Struct, frozen=True, kw_only=True):
    """A dictionary of channel variables"""

    variables: dict[str, object]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An external device that may offer/accept calls to/from Asterisk."""

    resource: str
    state: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every event carries: its name, the application it is for, Asterisk's time of it."""

    type: str
    application: str = ""
    timestamp: str = ""


class ApplicationReplaced(Event, frozen=True, kw_only=True):
    """Notification that another WebSocket has taken over for an application."""


class CallBroadcast(Event, frozen=True, kw_only=True):
    """Notification that a channel is being broadcast to ARI applications for claiming."""

    channel: Channel


class ChannelDestroyed(Event, frozen=True, kw_only=True):
    """Notification that a channel has been destroyed."""

    cause: int
    channel: Channel
    tech_cause: int | None = None


class ChannelDtmfReceived(Event, frozen=True, kw_only=True):
    """DTMF received on a channel."""

    digit: str
    channel: Channel


class ChannelEnteredBridge(Event, frozen=True, kw_only=True):
    """Notification that a channel has entered a bridge."""

    bridge: Bridge
    channel: Channel | None = None


class ChannelLeftBridge(Event, frozen=True, kw_only=True):
    """Notification that a channel has left a bridge."""

    bridge: Bridge
    channel: Channel


class ChannelStateChange(Event, frozen=True, kw_only=True):
    """Notification of a channel's state change."""

    channel: Channel


class Playback(msgspec.Struct, frozen=True, kw_only=True):
    """Object representing the playback of media to a channel"""

    id: str
    media_uri: str
    target_uri: str
    state: str


class PlaybackFinished(Event, frozen=True, kw_only=True):
    """Event showing the completion of a media playback operation."""

    playback: Playback


class PlaybackStarted(Event, frozen=True, kw_only=True):
    """Event showing the start of a media playback operation."""

    playback: Playback


class StasisEnd(Event, frozen=True, kw_only=True):
    """Notification that a channel has left a Stasis application."""

    channel: Channel


class StasisStart(Event, frozen=True, kw_only=True):
    """Notification that a channel has entered a Stasis application."""

    args: list[str]
    channel: Channel
    replace_channel: Channel | None = None


EVENTS: Mapping[str, type[Event]] = {
    "ApplicationReplaced": ApplicationReplaced,
    "CallBroadcast": CallBroadcast,
    "ChannelDestroyed": ChannelDestroyed,
    "ChannelDtmfReceived": ChannelDtmfReceived,
    "ChannelEnteredBridge": ChannelEnteredBridge,
    "ChannelLeftBridge": ChannelLeftBridge,
    "ChannelStateChange": ChannelStateChange,
    "PlaybackFinished": PlaybackFinished,
    "PlaybackStarted": PlaybackStarted,
    "StasisEnd": StasisEnd,
    "StasisStart": StasisStart,
}


Body = Mapping[str, object]


def _named(name: str, value: Body | None) -> Body | None:
    return None if value is None else {name: value}


class Transport(Protocol):
    """Sends one request; `safe` ones may be sent again when no answer came."""

    async def request(
        self,
        method: str,
        path: str,
        names: Sequence[str],
        query: Mapping[str, object],
        *,
        body: Mapping[str, object] | None = None,
        safe: bool,
    ) -> bytes: ...


class Calls(Transport, Protocol):
    """The calls Groschen makes, each named resource_operation."""

    async def applications_get(self, application_name: str) -> None:
        """Get details of an application."""
        await self.request("GET", "/applications/{}", (application_name,), {}, safe=True)

    async def applications_subscribe(
        self, application_name: str, *, event_source: Sequence[str]
    ) -> None:
        """Subscribe an application to a event source."""
        await self.request(
            "POST",
            "/applications/{}/subscription",
            (application_name,),
            {"eventSource": event_source},
            safe=True,
        )

    async def applications_event_filter(
        self, application_name: str, *, event_filter: Mapping[str, object] | None = None
    ) -> None:
        """Filter application events types."""
        await self.request(
            "PUT",
            "/applications/{}/eventFilter",
            (application_name,),
            {},
            body=event_filter,
            safe=True,
        )

    async def asterisk_get_info(self, *, only: Sequence[str] | None = None) -> AsteriskInfo:
        """Gets Asterisk system information."""
        raw = await self.request("GET", "/asterisk/info", (), {"only": only}, safe=True)
        return msgspec.json.decode(raw, type=AsteriskInfo)

    async def bridges_list(self) -> list[Bridge]:
        """List all active bridges in Asterisk."""
        raw = await self.request("GET", "/bridges", (), {}, safe=True)
        return msgspec.json.decode(raw, type=list[Bridge])

    async def bridges_create_with_id(
        self, bridge_id: str, *, bridge_type: str | None = None
    ) -> None:
        """Create a new bridge."""
        await self.request("POST", "/bridges/{}", (bridge_id,), {"type": bridge_type}, safe=True)

    async def bridges_get(self, bridge_id: str) -> Bridge:
        """Get bridge details."""
        raw = await self.request("GET", "/bridges/{}", (bridge_id,), {}, safe=True)
        return msgspec.json.decode(raw, type=Bridge)

    async def bridges_destroy(self, bridge_id: str) -> None:
        """Shut down a bridge."""
        await self.request("DELETE", "/bridges/{}", (bridge_id,), {}, safe=True)

    async def bridges_add_channel(
        self,
        bridge_id: str,
        *,
        channel: Sequence[str],
        inhibit_connected_line_updates: bool | None = None,
    ) -> None:
        """Add a channel to a bridge."""
        await self.request(
            "POST",
            "/bridges/{}/addChannel",
            (bridge_id,),
            {"channel": channel, "inhibitConnectedLineUpdates": inhibit_connected_line_updates},
            safe=True,
        )

    async def bridges_remove_channel(self, bridge_id: str, *, channel: Sequence[str]) -> None:
        """Remove a channel from a bridge."""
        await self.request(
            "POST", "/bridges/{}/removeChannel", (bridge_id,), {"channel": channel}, safe=True
        )

    async def channels_list(self) -> list[Channel]:
        """List all active channels in Asterisk."""
        raw = await self.request("GET", "/channels", (), {}, safe=True)
        return msgspec.json.decode(raw, type=list[Channel])

    async def channels_get(self, channel_id: str) -> Channel:
        """Channel details."""
        raw = await self.request("GET", "/channels/{}", (channel_id,), {}, safe=True)
        return msgspec.json.decode(raw, type=Channel)

    async def channels_originate_with_id(
        self,
        channel_id: str,
        *,
        endpoint: str,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout_s: int | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> None:
        """Create a new channel (originate with id)."""
        await self.request(
            "POST",
            "/channels/{}",
            (channel_id,),
            {
                "endpoint": endpoint,
                "app": app,
                "appArgs": app_args,
                "callerId": caller_id,
                "timeout": timeout_s,
            },
            body=_named("variables", variables),
            safe=True,
        )

    async def channels_hangup(self, channel_id: str, *, reason_code: str | None = None) -> None:
        """Delete (i.e. hangup) a channel."""
        await self.request(
            "DELETE", "/channels/{}", (channel_id,), {"reason_code": reason_code}, safe=True
        )

    async def channels_move(
        self, channel_id: str, *, app: str, app_args: str | None = None
    ) -> None:
        """Move the channel from one Stasis application to another."""
        await self.request(
            "POST", "/channels/{}/move", (channel_id,), {"app": app, "appArgs": app_args}, safe=True
        )

    async def channels_answer(self, channel_id: str) -> None:
        """Answer a channel."""
        await self.request("POST", "/channels/{}/answer", (channel_id,), {}, safe=True)

    async def channels_ring(self, channel_id: str) -> None:
        """Indicate ringing to a channel."""
        await self.request("POST", "/channels/{}/ring", (channel_id,), {}, safe=True)

    async def channels_ring_stop(self, channel_id: str) -> None:
        """Stop ringing indication on a channel if locally generated."""
        await self.request("DELETE", "/channels/{}/ring", (channel_id,), {}, safe=True)

    async def channels_progress(self, channel_id: str) -> None:
        """Indicate progress on a channel."""
        await self.request("POST", "/channels/{}/progress", (channel_id,), {}, safe=True)

    async def channels_start_moh(self, channel_id: str) -> None:
        """Play music on hold to a channel."""
        await self.request("POST", "/channels/{}/moh", (channel_id,), {}, safe=True)

    async def channels_stop_moh(self, channel_id: str) -> None:
        """Stop playing music on hold to a channel."""
        await self.request("DELETE", "/channels/{}/moh", (channel_id,), {}, safe=True)

    async def channels_play_with_id(
        self, channel_id: str, playback_id: str, *, media: Sequence[str]
    ) -> None:
        """Start playback of media and specify the playbackId."""
        await self.request(
            "POST", "/channels/{}/play/{}", (channel_id, playback_id), {"media": media}, safe=False
        )

    async def channels_get_channel_vars(
        self, channel_id: str, *, variables: Sequence[str]
    ) -> Variables:
        """Get the value of multiple channel variables or functions."""
        raw = await self.request(
            "GET", "/channels/{}/variables", (channel_id,), {"variables": variables}, safe=True
        )
        return msgspec.json.decode(raw, type=Variables)

    async def channels_set_channel_var(
        self, channel_id: str, *, variable: str, value: str | None = None
    ) -> None:
        """Set the value of a channel variable or function."""
        await self.request(
            "POST",
            "/channels/{}/variable",
            (channel_id,),
            {"variable": variable, "value": value},
            safe=False,
        )

    async def channels_snoop_channel_with_id(
        self,
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: str | None = None,
        whisper: str | None = None,
        app_args: str | None = None,
    ) -> None:
        """Start snooping."""
        await self.request(
            "POST",
            "/channels/{}/snoop/{}",
            (channel_id, snoop_id),
            {"spy": spy, "whisper": whisper, "app": app, "appArgs": app_args},
            safe=True,
        )

    async def endpoints_list_by_tech(self, tech: str) -> list[Endpoint]:
        """List available endoints for a given endpoint technology."""
        raw = await self.request("GET", "/endpoints/{}", (tech,), {}, safe=True)
        return msgspec.json.decode(raw, type=list[Endpoint])

    async def events_claim_channel(self, *, channel_id: str, application: str) -> None:
        """Claim a broadcast channel for this application."""
        await self.request(
            "POST",
            "/events/claim",
            (),
            {"channelId": channel_id, "application": application},
            safe=True,
        )

    async def playbacks_get(self, playback_id: str) -> None:
        """Get a playback's details."""
        await self.request("GET", "/playbacks/{}", (playback_id,), {}, safe=True)

    async def playbacks_stop(self, playback_id: str) -> None:
        """Stop a playback."""
        await self.request("DELETE", "/playbacks/{}", (playback_id,), {}, safe=True)
