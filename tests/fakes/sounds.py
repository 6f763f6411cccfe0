"""Audio that is only names: every prompt has a file called by its key."""

from collections.abc import Callable, Iterable

from engine.core.prompt import Prompt
from engine.ports.speech import Missing, Progress, Report


class NamedSounds:
    """`ports.speech.Sounds` without sound; names in `missing` are not there."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def resolve(self, prompt: Prompt, lang: str) -> str | Missing:
        if prompt.name in self.missing:
            return Missing(prompt, lang, "left out by the test")
        return f"{lang}/{prompt.key()}"

    def playlist(self, prompt: Prompt, lang: str) -> tuple[str, ...] | Missing:
        found = self.resolve(prompt, lang)
        return found if isinstance(found, Missing) else (found,)

    async def ensure(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        return Report(tuple(prompt.key() for prompt in prompts), (), ())
