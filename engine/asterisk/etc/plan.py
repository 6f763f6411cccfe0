"""The dialplan in Asterisk's files, read as Asterisk reads it, and what of it cannot be read.

Pure. `#include` is followed among the files given; a file that is not among them is a problem, as
Asterisk then takes none of the dialplan, or, by `#tryinclude`, lines that nobody has judged. What
the plan means is judged in `rules`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.asterisk.etc import text
from engine.asterisk.etc.text import Line
from engine.flows.config.problems import Mark, Problem, closest

EXTENSIONS = "extensions.conf"
DEEPEST = 10
"""How many files may include one another."""

_SECTION = re.compile(r"\[([^\[\]]*)\](.*)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_STATEMENT = re.compile(r"([^=\s]+)\s*=>?\s*(.*)")
_OWN_FILE = re.compile(r"own\.d/[A-Za-z0-9][A-Za-z0-9_.-]*")
_DIRECTIVE = re.compile(r"#(\w+)\s*[\"<]?([^\">]*)[\">]?")
_PRIORITY = re.compile(r"(n|[1-9][0-9]{0,5})(?:\+([0-9]{1,5}))?(?:\(([^()]*)\))?")
_APPLICATION = re.compile(r"([^(]*)(?:\((.*)\))?", re.DOTALL)
_SETTINGS = ("exten", "same", "include", "ignorepat", "autohints")
_VALUES_ONLY = ("general", "globals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One priority of an extension: an application and what stands in its brackets.

    `call` is the line's application part as written, which begins at `line.at(offset)`.
    """

    line: Line
    offset: int
    context: str
    exten: str
    caller: str
    priority: int
    label: str
    call: str

    @property
    def application(self) -> str:
        return self._taken_apart()[0]

    @property
    def arguments(self) -> str:
        return self._taken_apart()[1]

    def _taken_apart(self) -> tuple[str, str]:
        found = _APPLICATION.fullmatch(self.call)
        return (found[1].strip(), found[2] or "") if found else (self.call, "")

    @property
    def place(self) -> Mark:
        """Where the application is named."""
        return self.line.at(self.offset)

    def within(self, offset: int) -> Mark:
        """The place of a character of its arguments."""
        return self.line.at(self.offset + self.call.find("(") + 1 + offset)


@dataclass(slots=True)
class Context:
    """A section of the dialplan: its steps and the contexts it includes, in their order."""

    name: str
    mark: Mark
    steps: list[Step] = field(default_factory=list)
    includes: list[tuple[str, Mark]] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """All contexts, the values of `[globals]` with their places, and what could not be read."""

    contexts: dict[str, Context] = field(default_factory=dict)
    opened: list[tuple[str, Mark]] = field(default_factory=list)
    values: list[tuple[str, str, Mark]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def reached(self, context: str) -> list[Context]:
        """A context and all that it includes, each once, in the order they are searched."""
        found: dict[str, Context] = {}
        self._reach(context, found)
        return list(found.values())

    def _reach(self, name: str, found: dict[str, Context]) -> None:
        context = self.contexts.get(name)
        if context is None or name in found:
            return
        found[name] = context
        for included, _ in context.includes:
            self._reach(included, found)


def read_plan(files: Mapping[str, str], folder: str) -> Plan:
    """The plan that begins in `extensions.conf`; `folder` is the one the files will stand in."""
    return _Reader(files, folder).read()


def plan_of_own(own: Mapping[str, str]) -> Plan:
    """The plan of the operator's own files alone: what they take before ours is asked."""
    files = {f"own.d/{name}": text for name, text in own.items()}
    included = [
        f"[groschen-own]\n#include own.d/{name}\n" for name in sorted(own) if name.endswith(".conf")
    ]
    return read_plan({EXTENSIONS: "".join(included), **files}, "")


class _Reader:
    """What one reading remembers from line to line."""

    def __init__(self, files: Mapping[str, str], folder: str) -> None:
        self._files = files
        self._folder = folder
        self._plan = Plan()
        self._section = ""
        self._exten: tuple[str, str] | None = None
        self._last: int | None = None

    def read(self) -> Plan:
        for line in self._lines(EXTENSIONS, ()):
            if line.text.startswith("["):
                self._open(line)
            else:
                self._take(line)
        return self._plan

    def _lines(self, file: str, above: tuple[str, ...]) -> Iterator[Line]:
        for line in text.lines(file, self._files[file]):
            if line.text.startswith("#"):
                yield from self._included(line, (*above, file))
            else:
                yield line

    def _included(self, line: Line, above: tuple[str, ...]) -> Iterator[Line]:
        found = _DIRECTIVE.fullmatch(line.text)
        if not found or found[1] not in ("include", "tryinclude"):
            self._fault(line.mark, "directive", "is neither #include nor #tryinclude", line.text)
            return
        name = found[2].strip().removeprefix(f"{self._folder}/")
        if name in above or len(above) >= DEEPEST:
            self._fault(line.mark, "include_loop", "includes itself", name)
        elif name in self._files:
            yield from self._lines(name, above)
        elif found[1] == "include" or not _OWN_FILE.fullmatch(name):
            self._fault(
                line.mark,
                "missing_include",
                "is not among the files",
                name,
                suggestion=closest(name, self._files),
            )

    def _open(self, line: Line) -> None:
        found = _SECTION.fullmatch(line.text)
        self._exten, self._last = None, None
        if not found:
            self._fault(line.mark, "unbalanced_bracket", "has no closing ]", line.text)
            self._section = line.text[1:].strip()
        else:
            self._section = found[1].strip()
            if not _NAME.fullmatch(self._section) or found[2].strip():
                self._fault(line.mark, "section_syntax", "is no section of a dialplan", line.text)
        self._plan.opened.append((self._section, line.mark))
        if self._section not in _VALUES_ONLY:
            fresh = Context(self._section, line.mark)
            self._plan.contexts.setdefault(self._section, fresh)

    def _take(self, line: Line) -> None:
        found = _STATEMENT.fullmatch(line.text)
        if not found or not self._section:
            self._fault(line.mark, "line_syntax", "is no `key => value` of a section", line.text)
            return
        key, value, offset = found[1], found[2], found.start(2)
        if self._section in _VALUES_ONLY:
            self._plan.values.append((self._section, key, line.mark))
        elif key == "exten":
            self._exten_line(line, value, offset)
        elif key == "same":
            self._step(line, value, offset)
        elif key == "include":
            name = value.split(",")[0].strip()
            self._plan.contexts[self._section].includes.append((name, line.at(offset)))
        elif key not in _SETTINGS:
            meant = closest(key, _SETTINGS)
            self._fault(line.mark, "unknown_key", "is no key of a dialplan", key, suggestion=meant)

    def _exten_line(self, line: Line, value: str, offset: int) -> None:
        written, comma, rest = value.partition(",")
        exten, _, caller = written.strip().partition("/")
        self._exten = (exten, caller)
        if not comma or not exten or re.search(r"\s", exten) or not text.is_fixed(exten):
            message = "is no `extension,priority,application`"
            self._fault(line.at(offset), "extension_syntax", message, value)
            return
        lead = len(rest) - len(rest.lstrip())
        self._step(line, rest.strip(), offset + len(written) + 1 + lead)

    def _step(self, line: Line, value: str, offset: int) -> None:
        written, comma, call = value.partition(",")
        if self._exten is None:
            message = "continues no extension: there is none before it in this section"
            self._fault(line.mark, "no_extension", message, "same")
            return
        found = _PRIORITY.fullmatch(written.strip())
        if not found or not comma:
            message = "is no priority (1, 2, …, or n) with an application after it"
            self._fault(line.at(offset), "priority_syntax", message, written)
            return
        priority = self._numbered(found[1], int(found[2] or 0))
        if priority is None:
            message = "follows no priority: the first one is 1"
            self._fault(line.at(offset), "next_without_start", message, "n", suggestion="1")
            return
        self._last = priority
        lead = len(call) - len(call.lstrip())
        step = Step(
            line=line,
            offset=offset + len(written) + 1 + lead,
            context=self._section,
            exten=self._exten[0],
            caller=self._exten[1],
            priority=priority,
            label=(found[3] or "").strip(),
            call=text.unescaped(call.strip()),
        )
        self._plan.contexts[self._section].steps.append(step)

    def _numbered(self, written: str, more: int) -> int | None:
        """A priority as a number. `n` counts on from the line before, whatever its extension."""
        if written != "n":
            return int(written) + more
        return None if self._last is None else self._last + 1 + more

    def _fault(
        self, mark: Mark, rule: str, message: str, subject: str, *, suggestion: str = ""
    ) -> None:
        self._plan.problems.append(Problem.at(mark, rule, subject, message, suggestion=suggestion))
