"""`scripts/sounds`: makes the audio of prompts that have none, and lists them."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.core.prompt import Prompt
from engine.core.repertoire import brought_prompts
from engine.errors import EngineError
from engine.ports.speech import Progress
from engine.speech import wav
from engine.speech.library import MANIFEST, Library
from engine.speech.voices import find_voices

CHECKOUT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 all is there, 1 something is missing or wrong."""
    options = _parser().parse_args(arguments)
    rendered = options.var / "sounds"
    if options.bring:
        rendered = options.var / "sounds-brought"
    try:
        library = Library(options.sounds, rendered, find_voices(options.var / "voices"))
        if options.list:
            return _list(library, options)
        summary = asyncio.run(_render(library, options))
    except EngineError as error:
        print(f"scripts/sounds: {error}", file=sys.stderr)
        return 1
    complete = not any(lang["missing"] for lang in summary.values())
    if options.bring and complete:
        _bring_tones(library.sounds)
        for lang in summary:
            _bring(library, lang)
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    return 0 if complete else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/sounds",
        description="Make the audio of all prompts that have none, with the best voice there is.",
        epilog="example: scripts/sounds --lang de --json",
    )
    var = Path(os.environ.get("GROSCHEN_VAR", CHECKOUT / "var"))
    parser.add_argument("--lang", help="only this language")
    parser.add_argument("--list", action="store_true", help="list every prompt, its key and words")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    parser.add_argument("--anew", action="store_true", help="render all, in one voice")
    parser.add_argument(
        "--bring", action="store_true", help="render all into the sounds folder, to be committed"
    )
    parser.add_argument("--sounds", type=Path, default=CHECKOUT / "sounds", help="texts and audio")
    parser.add_argument("--var", type=Path, default=var, help="where rendered audio and voices lie")
    return parser


def _langs(library: Library, options: argparse.Namespace) -> tuple[str, ...]:
    return (options.lang,) if options.lang else library.languages


def _list(library: Library, options: argparse.Namespace) -> int:
    """One line a prompt: whether it has audio, its key, its words."""
    rows = []
    for lang in _langs(library, options):
        for prompt in brought_prompts():
            file = library.resolve(prompt, lang)
            words = library.words(prompt, lang) if prompt.spoken else ""
            found = file if isinstance(file, str) else None
            rows.append({"lang": lang, "key": prompt.key(), "file": found, "words": words})
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['lang']} {'ok ' if row['file'] else '-- '} {row['key']:<60} {row['words']}")
    return 0


async def _render(library: Library, options: argparse.Namespace) -> dict[str, dict[str, object]]:
    summary: dict[str, dict[str, object]] = {}
    for lang in _langs(library, options):
        prompts = [prompt for prompt in brought_prompts() if prompt.spoken or not options.bring]
        report = await library.ensure(
            prompts, lang, _shown(lang), anew=options.anew or options.bring
        )
        for missing in report.missing:
            print(f"missing: {lang}/{missing.prompt.key()}: {missing.reason}", file=sys.stderr)
        summary[lang] = {
            "present": len(report.present),
            "rendered": list(report.rendered),
            "missing": [missing.prompt.key() for missing in report.missing],
        }
        print(
            f"{lang}: {len(report.present)} there, {len(report.rendered)} rendered,"
            f" {len(report.missing)} missing",
            file=sys.stderr,
        )
    return summary


def _shown(lang: str) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        if progress.rendered:
            print(f"{lang} {progress.done}/{progress.total} {progress.key}", file=sys.stderr)

    return show


def _bring(library: Library, lang: str) -> None:
    """Lay what was rendered into the sounds folder as A-law, with a manifest; drop all else.

    A-law is what the telephone line carries: half the size, and nothing to transcode.
    """
    from engine.speech import alaw

    folder = library.sounds / lang / "audio"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {}
    for prompt in sorted(filter(_spoken, brought_prompts()), key=Prompt.key):
        stem = library.rendered / lang / prompt.key()
        sound = wav.read(stem.with_name(f"{stem.name}.wav"))
        (folder / f"{prompt.key()}.alaw").write_bytes(alaw.encode(sound))
        manifest[prompt.key()] = json.loads(Path(f"{stem}.json").read_text())
    for file in folder.glob("*.alaw"):
        if file.stem not in manifest:
            file.unlink()
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def _bring_tones(sounds: Path) -> None:
    from engine.speech.tones import agent_tone, code_pause, waiting_music

    wav.write(sounds / "tones" / "agent_tone.wav", agent_tone())
    wav.write(sounds / "tones" / "code_pause.wav", code_pause())
    wav.write(sounds / "music" / "waiting_music.wav", waiting_music())


def _spoken(prompt: Prompt) -> bool:
    return prompt.spoken


if __name__ == "__main__":
    sys.exit(main())
