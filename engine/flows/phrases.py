"""Sentences said again in another language, by what they look like."""

import re
from collections.abc import Mapping
from functools import reduce


class Phrases:
    """Sentences by the pattern (`re`) of what they stand for; its groups fill their `{}`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = tuple((re.compile(pattern), text) for pattern, text in texts.items())

    def say(self, sentence: str) -> str:
        """What stands for the first pattern that is found in a sentence; "" if none is."""
        for pattern, text in self._texts:
            if found := pattern.search(sentence):
                return reduce(_filled, found.groups(), text)
        return ""


def _filled(text: str, value: str) -> str:
    return text.replace("{}", value, 1)
