"""Progress as a bar on a terminal, and as lines where there is none: a log, a pipe."""

import time
from typing import Any

from rich.progress import Progress, TaskID
from rich.text import Text

EACH_S = 10.0


class Shown(Progress):
    """A `Progress` that also tells a file how far it is, a line each ten seconds."""

    _told_s = 0.0

    def update(self, task_id: TaskID, **changed: Any) -> None:
        """Change a task, as `Progress.update` does."""
        super().update(task_id, **changed)
        self._tell(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advance a task, as `Progress.advance` does."""
        super().advance(task_id, advance)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        now_s = time.monotonic()
        if self.console.is_terminal or now_s - self._told_s < EACH_S:
            return
        self._told_s = now_s
        task = self._tasks[task_id]
        cells = (each(task) for each in self.columns if not isinstance(each, str))
        texts = (str(cell) for cell in cells if isinstance(cell, Text))
        self.console.print(" ".join(text for text in texts if text), highlight=False)
