"""Why a sentence could not be spoken (`ports.speech.Missing`), in German."""

from engine.flows.phrases import Phrases

_GERMAN = Phrases(
    {
        r"^voice .+: no sound in (\d+) s": "die Stimme gab in {} s keinen Ton von sich",
        r"^voice (\S+): (.+)": "die Stimme {} meldet „{}“",
        r"^no voice is installed that speaks '(\w+)'": (
            "es ist keine Stimme installiert, die „{}“ spricht"
        ),
        r"^there are no texts for language '(\w+)'": "für die Sprache „{}“ gibt es keine Texte",
        r"^\w+: no text for (\S+)": "für {} gibt es keinen Text",
        r"^(\S+) was never rendered": "{} wurde nie gesprochen",
        r"^(\S+) is not a WAV file": "{} ist keine WAV-Datei",
        r"^(\S+) has (\d+)-bit samples": "{} hat {} Bit je Abtastwert, nicht 16",
        r"^there is nothing to hear in it": "darin ist nichts zu hören",
    }
)


def reason_in_german(reason: str) -> str:
    """The reason in German; what a library said is quoted as it is."""
    return _GERMAN.say(reason) or f"gemeldet wird „{reason}“"
