"""Why a payment waits in suspense, in the reader's language."""

from engine.flows.phrases import Phrases

_PARTS = "; "

_GERMAN = Phrases(
    {
        r"^no order has this id": "keine Bestellung hat diese Nummer",
        r"^the order is another profile's": (
            "die Bestellung gehört zu einem anderen Abrechnungsprofil oder Anbieter"
        ),
        r"^the provider's id is another order's": (
            "die Kennung des Anbieters gehört zu einer anderen Bestellung"
        ),
        r"^the money went to another payee, (.+)": "das Geld ging an einen anderen Empfänger, {}",
        r"^the currency is (\S+), not (\S+)": "die Währung ist {}, nicht {}",
        r"^no currency is named": "es ist keine Währung genannt",
        r"^the amount is (\S+) (\S+), not (\S+)": "der Betrag ist {} {}, nicht {}",
        r"^the order has been paid already": (
            "die Bestellung ist schon bezahlt, mit einer anderen Zahlung"
        ),
        r"^order unknown$": "Bestellung unbekannt",
        r"^order (\S+) of account (\S+)$": "Bestellung {} des Kontos {}",
        r"^order (\S+)$": "Bestellung {}",
    }
)


def misfit_in(lang: str, reason: str) -> str:
    """The reason of an entry in suspense (`core.payment`): what does not fit, and whose order it
    is; what is not known stays as it is."""
    if lang != "de":
        return reason
    return _PARTS.join(_GERMAN.say(part) or part for part in reason.split(_PARTS))
