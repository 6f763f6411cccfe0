"""Audio that is only names: every prompt has a file called by its key."""

from collections.abc import Callable, Iterable

from engine.core.prompt import Prompt
from engine.ports.speech import Missing, Progress, Report


class NamedSounds:
    """`ports.speech.Sounds` without sound; names in `missing` are not there, nor what has a key
    that begins with one of `missing_keys`."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.missing_keys: set[str] = set()

    def resolve(self, prompt: Prompt, lang: str) -> str | Missing:
        key = prompt.key()
        if prompt.name in self.missing or key.startswith(tuple(self.missing_keys)):
            return Missing(prompt, lang, "left out by the test", f"say {prompt.key()}")
        return f"{lang}/{prompt.key()}"

    def playlist(self, prompt: Prompt, lang: str) -> tuple[str, ...] | Missing:
        found = self.resolve(prompt, lang)
        return found if isinstance(found, Missing) else (found,)

    def foreseen(self, prompt: Prompt, lang: str) -> Missing | None:
        found = self.resolve(prompt, lang)
        return found if isinstance(found, Missing) else None

    async def ensure(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        return Report(tuple(prompt.key() for prompt in prompts), (), ())
