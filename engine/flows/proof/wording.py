"""What prompts say, for people who were not there: the sentence instead of its key; pure."""

from engine.core.phrasing import Catalogue, text
from engine.core.prompt import Prompt


def sentence(key: str, catalogue: Catalogue) -> str:
    """The words of the prompt with this key, as the catalogue has them now; the key in brackets for
    a tone, and for what is said no more."""
    prompt = Prompt.of_key(key)
    if prompt is None or not prompt.spoken:
        return f"[{key}]"
    try:
        return text(prompt, catalogue)
    except ValueError:
        return f"[{key}]"
