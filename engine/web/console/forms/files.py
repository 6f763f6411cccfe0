"""Files as they are edited in a form: a field each, and one for the name of a further file."""

from collections.abc import Mapping

from engine.errors import CallerError
from engine.web.console.asked import Asked

FILE = "file:"
FILE_CHARS_MOST = 250_000


def files_typed(asked: Asked, comment: str) -> Mapping[str, str]:
    """The files by name, lines ended as on Unix; an empty one is taken out.

    `new_file` adds one that holds its name behind the sign of a `comment`. `CallerError` if they
    are too long together.
    """
    texts = {
        name.removeprefix(FILE): str(text).replace("\r\n", "\n")
        for name, text in asked.form.items()
        if name.startswith(FILE)
    }
    new = asked.typed("new_file")
    if new:
        texts.setdefault(new, f"{comment} {new}\n")
    if sum(map(len, texts.values())) > FILE_CHARS_MOST:
        raise CallerError(f"must have at most {FILE_CHARS_MOST} characters together", "files")
    return {name: text for name, text in texts.items() if text.strip()}
