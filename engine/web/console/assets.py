"""The console's styles and scripts: ours, and those of the editor."""

from pathlib import Path

from engine.web.parts.files import TYPES, Files

ADDRESS = "/console/static/"
PATH = f"{ADDRESS}{{name:.+}}"

_FOLDER = Path(__file__).parent / "static"
FILES = Files(
    _FOLDER,
    ADDRESS,
    *(
        file.relative_to(_FOLDER).as_posix()
        for file in sorted(_FOLDER.rglob("*"))
        if file.suffix in TYPES
    ),
)
