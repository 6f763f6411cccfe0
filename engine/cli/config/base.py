"""Which version a folder of files is based on: a hidden file in it says so.

`groschen config export` writes it, `apply` reads it and moves it on. So of two people who edit
copies of one version, the second is told that the first has been there.
"""

from pathlib import Path

from engine.errors import CallerError

BASE_FILE = ".version"
BASE_CHARS_MOST = 20


def based_on(folder: Path) -> int | None:
    """The version that a folder says it is based on, None if it does not say.

    `CallerError` if what it says is no number.
    """
    try:
        with (folder / BASE_FILE).open() as file:
            text = file.read(BASE_CHARS_MOST).strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise CallerError(f"cannot be read: {fault}", str(folder / BASE_FILE)) from None
    if not (text.isascii() and text.isdigit()):
        raise CallerError("must hold the number of a version", str(folder / BASE_FILE))
    return int(text)


def note_base(folder: Path, number: int) -> str:
    """Let a folder say what it is based on; why that could not be written, or ""."""
    try:
        (folder / BASE_FILE).write_text(f"{number}\n")
    except OSError as fault:
        return f"{folder / BASE_FILE} cannot be written ({fault.strerror})"
    return ""
