"""What Asterisk says in its log of the files it has read."""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

WORDS_WITHIN_S = 0.5
LOOK_AGAIN_S = 0.05
MOST_WORDS = 20

# Only of those who read files: what others say during calls may hold callers' numbers.
_LOUD = re.compile(
    r"(?m)^\[[^\]]*\] (?:ERROR|WARNING)\[\d+\] "
    r"((?:config|pbx|pbx_config|netsock2|sorcery|res_sorcery_\w+|res_pjsip_endpoint_identifier_ip"
    r"|res_pjsip/\w+|res_musiconhold|res_rtp_asterisk|loader|acl|logger|manager|http)\.c: .*)$"
)
_REFUSING = re.compile(r"(?:config|pbx_config|res_sorcery_config)\.c: ")


class Log:
    """Asterisk's log from this moment on; one that cannot be read says nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._begin = 0
        with contextlib.suppress(OSError):
            self._begin = file.stat().st_size

    async def faults(self, *, wait: bool) -> tuple[str, ...]:
        """Errors and warnings about files. Asterisk writes them a little later than it does what
        they are about: `wait` for the first one if there must be one."""
        found: tuple[str, ...] = ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WORDS_WITHIN_S):
                while not (found := self._so_far()) and wait:  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(LOOK_AGAIN_S)
        return found

    def _so_far(self) -> tuple[str, ...]:
        try:
            with self._file.open("rb") as log:
                log.seek(self._begin)
                fresh = log.read().decode(errors="replace")
        except OSError:
            return ()
        return tuple(_LOUD.findall(fresh)[:MOST_WORDS])


def refusals(said: Sequence[str]) -> tuple[str, ...]:
    """Those of Asterisk's words that mean that it has not taken something."""
    return tuple(words for words in said if _REFUSING.match(words))
