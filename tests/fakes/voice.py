"""A voice that hums: as many syllables as the text has vowels, at a pitch of its own per text."""

import hashlib

import numpy as np

from engine.errors import RemoteError
from engine.ports.speech import Pcm

RATE_HZ = 22_050


class HummingVoice:
    """`ports.speech.Voice` without speech; texts in `refuses` fail. `said` is what it was asked."""

    def __init__(self, name: str = "humming", langs: tuple[str, ...] = ("de", "en")) -> None:
        self.name = name
        self.langs = langs
        self.refuses: set[str] = set()
        self.said: list[str] = []

    def speaks(self, lang: str) -> bool:
        return lang in self.langs

    async def render(self, text: str, lang: str) -> Pcm:
        if text in self.refuses:
            raise RemoteError("the voice is hoarse", retryable=False)
        self.said.append(text)
        pitch = 110 + hashlib.sha256(text.encode()).digest()[0]
        syllables = max(1, sum(letter in "aeiouyäöü" for letter in text.lower()))
        syllable = np.arange(int(0.2 * RATE_HZ)) / RATE_HZ
        hum = sum(np.sin(2 * np.pi * pitch * n * syllable) / n for n in range(1, 12))
        hum = np.tile(hum * np.sin(np.pi * syllable / 0.2), syllables)
        quiet = np.zeros(RATE_HZ // 2)
        samples = np.concatenate([quiet, hum, quiet]) / np.abs(hum).max() * 9_000
        return Pcm(RATE_HZ, samples.astype("<i2").tobytes())
