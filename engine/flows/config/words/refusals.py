"""Why an engine does not take a version, in German; what Asterisk or a library says is quoted."""

from engine.flows.config.problems import MistakesError
from engine.flows.config.words import told
from engine.flows.hearing import UnsaidError
from engine.flows.phrases import Phrases

_GERMAN = Phrases(
    {
        r"^the secret (\S+) cannot be read": "das Geheimnis {} ist nicht zu lesen",
        r"^the secret (\S+) is empty": "das Geheimnis {} ist leer",
        r"^(profiles\S+): \S+: the secret (\S+) cannot be read": (
            "{}: das Geheimnis {} ist nicht zu lesen"
        ),
        r"^(profiles\S+): \S+: the secret (\S+) is empty": "{}: das Geheimnis {} ist leer",
        r"^(profiles\S+): \S+: must name a file of the secrets folder": (
            "{}: hier muss eine Datei aus dem Ordner der Geheimnisse stehen"
        ),
        r"^Asterisk does not take it: (.+)": "Asterisk nimmt sie nicht an und meldet „{}“",
        r"^Asterisk has neither state: (.+)": (
            "Asterisk hat weder den alten noch den neuen Stand und meldet „{}“"
        ),
        r"^another apply to this Asterisk is under way": (
            "an den Dateien dieses Asterisk wird gerade etwas anderes geändert"
        ),
    }
)


def in_german(fault: Exception) -> str:
    """Why, as far as the house says it itself; else the words of whoever did, quoted."""
    if isinstance(fault, MistakesError):
        return told(fault.problems, "de")
    if isinstance(fault, UnsaidError):
        return "diese Ansagen lassen sich nicht sprechen (scripts/sounds macht sie): " + fault.keys
    return _GERMAN.say(str(fault)) or f"gemeldet wird „{fault}“"
