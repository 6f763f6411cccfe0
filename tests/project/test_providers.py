"""What the operator reads about providers is what the code has."""

from pathlib import Path

from engine.payments.registry import PROVIDERS

README = Path(__file__).resolve().parents[2] / "engine" / "payments" / "README.md"


def rows() -> list[str]:
    """A row for every option of every provider."""
    found = []
    for name, provider in PROVIDERS.items():
        for option, known in provider.OPTIONS.items():
            needed = "yes" if known.is_required else f"`{known.default}`" if known.default else ""
            value = "`secret:…`" if known.is_secret else ""
            found.append(f"| {name} | `{option}` | {known.meaning} | {needed} | {value} |")
    return found


def test_every_option_of_every_provider_is_told() -> None:
    lines = README.read_text().splitlines()
    assert [line for line in lines if line.count("|") == 6 and "`" in line] == rows()
