"""Asterisk's manager interface, by panoramisk: deadlines, reloads, device states, health.

Only what ARI cannot do, or cannot do now: a channel variable set over ARI waits for the end of a
playback on that channel, over AMI it is set at once. panoramisk gives connection, login and
parsing; added here are what it lacks: a time limit on every question, a ping whose answer is
waited for (it would keep a half-open connection for ever), and the promise that nothing is ever
sent a second time after a reconnect, since a deadline counts from the moment it arrives.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import structlog
from panoramisk.actions import Action
from panoramisk.manager import Manager
from panoramisk.message import Message

from engine.errors import RemoteError
from engine.ports.metrics import UNMEASURED, Metrics, Remote

ANSWER_TIMEOUT_S = 2.0
LOGIN_TIMEOUT_S = 5.0
RELOAD_TIMEOUT_S = 30.0
PING_EVERY_S = 5.0
RECONNECT_S = 1
NEVER_S = 86_400

log = structlog.get_logger(__name__)


class _Manager(Manager):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's manager, which stays closed when it has been closed."""

    ended = False
    refused = False

    def login(self, future: "asyncio.Future[Message]") -> bool:
        accepted: bool = super().login(future)
        if not accepted:
            # It would try the same again for ever, and in vain.
            self.refused = True
            self.close()
            self.on_login(self)
        return accepted

    def connect(self, *_: object, **__: object) -> "asyncio.Future[Any] | None":
        return None if self.ended else super().connect()

    def close(self) -> None:
        self.ended = True
        super().close()


class Ami:
    """A logged-in manager connection that comes back by itself. An async context manager.

    Every question raises `RemoteError`: retryable if there was no answer, else if Asterisk refused.
    """

    def __init__(
        self, host: str, port: int, user: str, secret: str, metrics: Metrics = UNMEASURED
    ) -> None:
        self._metrics = metrics
        self._logged_in = asyncio.Event()
        self._manager = _Manager(
            loop=asyncio.get_running_loop(),
            host=host,
            port=port,
            username=user,
            secret=secret,
            # Without events FullyBooted never comes, and that alone would send anything again.
            events="off",
            ping_delay=NEVER_S,
            ping_interval=NEVER_S,
            reconnect_timeout=RECONNECT_S,
            on_login=self._on_login,
            on_disconnect=self._on_disconnect,
        )
        self._pings: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._manager.connect()
        try:
            async with asyncio.timeout(LOGIN_TIMEOUT_S):
                await self._logged_in.wait()
        except TimeoutError:
            self._manager.close()
            raise RemoteError("no login to Asterisk's manager interface") from None
        if self._manager.refused:
            raise RemoteError("the manager interface refused the login", retryable=False)
        self._pings = asyncio.create_task(self._ping_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pings is not None:
            self._pings.cancel()
            await asyncio.gather(self._pings, return_exceptions=True)
        self._manager.close()

    async def set_variable(self, channel: str, name: str, value: str) -> bool:
        """Set a channel's variable or function at once; False if there is no such channel."""
        try:
            await self._ask("Setvar", Channel=channel, Variable=name, Value=value)
        except RemoteError as refusal:
            if "No such channel" in str(refusal):
                return False
            raise
        return True

    async def reload(self, module: str) -> None:
        """Let a module read its configuration again (`pbx_config`, `res_pjsip`)."""
        await self._ask("Reload", Module=f"{module}.so")

    async def dialplan(self) -> Sequence[Mapping[str, str]]:
        """The whole dialplan as Asterisk has it, a message for each priority and each include."""
        messages = await self._list("ShowDialPlan")
        return [m for m in messages if m.event == "ListDialplan"]

    async def endpoint(self, name: str) -> Sequence[Mapping[str, str]]:
        """All that belongs to a SIP endpoint: messages `EndpointDetail`, `IdentifyDetail`, …"""
        return await self._list("PJSIPShowEndpoint", Endpoint=name)

    async def endpoints(self) -> Mapping[str, str]:
        """Every SIP endpoint Asterisk has, with its device state (`Not in use`, `Unavailable`)."""
        try:
            messages = await self._list("PJSIPShowEndpoints")
        except RemoteError as refusal:
            if "No endpoints found" in str(refusal):
                return {}
            raise
        return {m.ObjectName: m.DeviceState for m in messages if m.event == "EndpointList"}

    async def device_states(self) -> Mapping[str, str]:
        """How each device is (`PJSIP/anna` to `NOT_INUSE`, `INUSE`, `RINGING`, `UNAVAILABLE`)."""
        messages = await self._list("DeviceStateList")
        return {m.Device: m.State for m in messages if m.event == "DeviceStateChange"}

    async def ping(self) -> None:
        """Nothing, if Asterisk answers in time."""
        await self._ask("Ping")

    async def _list(self, action: str, **fields: str) -> Sequence[Message]:
        answer = await self._ask(action, **fields)
        return answer if isinstance(answer, list) else [answer]

    async def _ask(self, name: str, **fields: str) -> Any:
        for value in fields.values():
            if "\r" in value or "\n" in value:
                raise RemoteError(f"{name}: a value would end its line", retryable=False)
        if not self._logged_in.is_set() or self._manager.refused:
            raise RemoteError("the manager interface is away")
        with self._metrics.asking(Remote.AMI, name):
            return await self._answered(name, Action({"Action": name, **fields}))

    async def _answered(self, name: str, action: Action) -> Any:
        within_s = RELOAD_TIMEOUT_S if name == "Reload" else ANSWER_TIMEOUT_S
        try:
            async with asyncio.timeout(within_s):
                answer = await self._manager.send_action(action)
        except TimeoutError:
            raise RemoteError(f"{name}: no answer from the manager interface") from None
        first = answer[0] if isinstance(answer, list) else answer
        if not first.success:
            raise RemoteError(f"{name}: {first.get('Message', 'refused')}", retryable=False)
        return answer

    async def _ping_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if not self._logged_in.is_set():
                continue
            try:
                await self.ping()
            except RemoteError as fault:
                log.warning("ami.half_open", error=str(fault))
                self._break()

    def _break(self) -> None:
        """Drop a connection that no longer answers; panoramisk then makes a new one."""
        with contextlib.suppress(AttributeError):
            self._manager.protocol.transport.abort()

    def _on_login(self, _: Manager) -> None:
        # Nothing of before the break may be sent again.
        self._manager.awaiting_actions.clear()
        self._logged_in.set()

    def _on_disconnect(self, _: Manager, fault: object) -> None:
        self._logged_in.clear()
        if not self._manager.ended:
            log.warning("ami.lost", error=str(fault))
