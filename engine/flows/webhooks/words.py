"""Why nobody answered, in the reader's language."""

from collections.abc import Mapping

from engine.ports.webhooks.post import NoAnswer

_GERMAN: Mapping[str, str] = {
    NoAnswer.NO_ADDRESS: "keine Adresse, an die etwas gesendet wird",
    NoAnswer.NOT_PUBLIC: "keine öffentliche Adresse",
    NoAnswer.NO_CONNECTION: "keine Verbindung",
    NoAnswer.NOT_TRUSTED: "dem Zertifikat ist nicht zu trauen",
    NoAnswer.NOT_HTTP: "keine Antwort in HTTP",
    NoAnswer.LATE: "keine Antwort in der Zeit, die dafür bleibt",
}


def no_answer_in(lang: str, answer: str) -> str:
    """Why there was no answer; what is no `NoAnswer` stays as it is."""
    return _GERMAN.get(answer, answer) if lang == "de" else answer
