"""What the two recordings hold, and how far it is from what was due."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.cdr import CallRecord
from engine.core.money import format_micros
from tests.demo.script import Script
from tests.rig.audio.recording import Recording
from tests.rig.ear import Ear, Hit
from tests.rig.picture import Lane, Mark, draw


@dataclass(frozen=True, slots=True)
class Witnessed:
    """One party's recording: the prompts found in it and when the other party was heard."""

    recording: Recording
    prompts: list[tuple[str, Hit]]
    talk: list[tuple[float, float]]

    @classmethod
    def listen(
        cls, recording: Recording, catalogue: Mapping[str, Path], other_hz: int
    ) -> "Witnessed":
        ear = Ear(recording, [other_hz])
        return cls(recording, ear.hits(catalogue), ear.talk(other_hz))

    def starts_of(self, name: str) -> list[float]:
        """When a prompt of this name began, in seconds of the recording."""
        return [hit.at_s for key, hit in self.prompts if key.split("-")[0] == name]

    @property
    def talk_s(self) -> float:
        """From the first to the last sound of the other party."""
        return self.talk[-1][1] - self.talk[0][0] if self.talk else 0.0

    def told(self) -> list[dict[str, Any]]:
        return [{"prompt": key, "at_s": round(hit.at_s, 3)} for key, hit in self.prompts]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The demonstration's claims, all from the recordings and the books."""

    caller: Witnessed
    agent: Witnessed
    record: CallRecord
    script: Script
    top_up_at_ms: int
    balance_after_micros: int

    @property
    def cut_off_error_ms(self) -> int:
        """First to last sound of the agent in the caller's recording, less the paid seconds."""
        return round((self.caller.talk_s - self.record.charged_s) * 1000)

    def warning_error_ms(self, witness: Witnessed, name: str) -> int:
        """The warning furthest from its threshold before the cut-off that was due then."""
        began_s = witness.talk[0][0]
        paid_s = (self.script.talk_s - self._bought_s(), self.script.talk_s)
        due = [began_s + paid - self.script.threshold_s for paid in paid_s]
        starts = witness.starts_of(name)
        if not starts:
            raise AssertionError(f"{name} was not heard")
        errors = [min((start - at for at in due), key=abs) for start in starts]
        return round(max(errors, key=abs) * 1000)

    def _bought_s(self) -> int:
        whole = self.script.balance_micros + self.script.top_up_micros
        return self.script.talk_s * self.script.top_up_micros // whole

    def as_json(self, picture: Path) -> dict[str, Any]:
        script = self.script
        return {
            "caller_heard": self.caller.told(),
            "agent_heard": self.agent.told(),
            "billed_seconds": self.record.charged_s,
            "charge": format_micros(self.record.charge_micros),
            "balance_before": format_micros(script.balance_micros),
            "topped_up": format_micros(script.top_up_micros),
            "balance_after": format_micros(self.balance_after_micros),
            "cut_off_error_ms": self.cut_off_error_ms,
            "warning_error_ms": {
                "caller": self.warning_error_ms(self.caller, "warning_caller"),
                "agent": self.warning_error_ms(self.agent, "warning_agent"),
            },
            "recordings": {
                "caller": str(self.caller.recording.path),
                "agent": str(self.agent.recording.path),
            },
            "picture": str(picture),
        }

    def draw(self, path: Path) -> Path:
        """The call as a picture."""
        caller_began_ms = self.caller.recording.began_at_ms
        end_ms = caller_began_ms + (self.caller.talk[-1][1] * 1000 if self.caller.talk else 0)
        lanes = [
            Lane("The caller hears", self.caller.recording, self.caller.prompts,
                 {"agent": self.caller.talk}),
            Lane("The agent hears", self.agent.recording, self.agent.prompts,
                 {"caller": self.agent.talk}),
        ]  # fmt: skip
        marks = [
            Mark(self.top_up_at_ms, f"top-up {format_micros(self.script.top_up_micros)}", "top_up"),
            Mark(end_ms, "cut-off", "end"),
        ]
        return draw(path, "One prepaid call", lanes, marks)
