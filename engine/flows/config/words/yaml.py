"""What the YAML library (ruamel.yaml) says of a broken file, in German."""

from engine.flows.phrases import Phrases

_TAB = r"found character '\\t' that cannot start any token"
_BAD_START = r"found character (.+) that cannot start any token"
_ESCAPE = r"found unknown escape character (.+)"
_COLON = r"mapping values are not allowed here|found unexpected ':'"
_ENTRY = r"mapping keys are not allowed here|sequence entries are not allowed here"

_GERMAN = Phrases(
    {
        _TAB: "hier steht ein Tabulator; eingerückt wird mit Leerzeichen",
        _BAD_START: (
            "mit dem Zeichen {} kann hier nichts beginnen; Text damit gehört in Anführungszeichen"
        ),
        r"expected <block end>, but found": (
            "die Einrückung passt nicht zu den Zeilen davor, oder davor ist etwas nicht beendet"
        ),
        r"expected ',' or '\]'": "in der Liste fehlt ein Komma oder die schließende Klammer ]",
        r"expected ',' or '\}'": "in den Einträgen fehlt ein Komma oder die Klammer }",
        _ESCAPE: "zwischen Anführungszeichen gibt es kein \\ vor {}; \\\\ steht für \\ selbst",
        r"found unexpected end of stream": (
            "Anführungszeichen werden geöffnet und nicht geschlossen"
        ),
        r"could not find expected ':'": "nach einem Schlüssel fehlt der Doppelpunkt",
        _COLON: (
            "hier darf kein Doppelpunkt stehen: falsch eingerückt oder Text ohne Anführungszeichen"
        ),
        _ENTRY: "hier darf kein neuer Eintrag beginnen",
        r"expected the node content": "hier wird ein Wert erwartet",
    }
)


def in_german(why: str) -> str:
    """What the library said, in German; what is said seldom is quoted as it is."""
    return _GERMAN.say(why) or f"gemeldet wird „{why}“"
