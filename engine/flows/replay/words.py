"""A replay's words in German and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.flows.replay.rules import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a replay says in one language; `columns` are the headings of its table."""

    summary: str
    total: str
    such_as: str
    columns: tuple[str, str, str, str, str, str]
    no_service: str
    let_in: str
    differences: Mapping[Difference, str]
    unknown: str


GERMAN = Words(
    summary="Anrufe: {calls}, davon wären {changed} anders verlaufen.",
    total="Summe der Unterschiede: {amount} {currency}",
    such_as="{calls} {kind}, zum Beispiel:",
    columns=("Dienst", "Anrufe", "Gespräche", "Sekunden", "berechnet", "Unterschied"),
    no_service="(keiner)",
    let_in="eingelassen",
    differences={
        Difference.NOT_ROUTED: "erreichen keinen Dienst",
        Difference.OTHER_SERVICE: "erreichen einen anderen Dienst",
        Difference.REFUSED: "werden abgewiesen",
        Difference.LET_IN: "werden eingelassen; was sie kosten würden, weiß niemand",
        Difference.ENDS_EARLIER: "enden früher",
        Difference.MIGHT_GO_ON: "hätten Geld für mehr; wie lange sie weitergingen, weiß niemand",
        Difference.PRICE_CLASS: "haben eine andere Preisklasse",
        Difference.RATE: "haben einen anderen Preis",
        Difference.CHARGE: "kosten einen anderen Betrag",
    },
    unknown="Nicht bekannt: wer bei einem anderen Preis aufgelegt, angerufen, aufgeladen oder "
    "länger gesprochen hätte, und für wen ein neues Angebot für Erstanrufer neu wäre. Guthaben "
    "zählt, wo das Gespräch aus einem Konto bezahlt wurde, das auch der Entwurf belastet.",
)

ENGLISH = Words(
    summary="Calls: {calls}, of which {changed} would be different.",
    total="Sum of differences: {amount} {currency}",
    such_as="{calls} {kind}, such as:",
    columns=("service", "calls", "talked", "seconds", "charged", "difference"),
    no_service="(none)",
    let_in="let in",
    differences={
        Difference.NOT_ROUTED: "reach no service",
        Difference.OTHER_SERVICE: "reach another service",
        Difference.REFUSED: "are refused",
        Difference.LET_IN: "are let in; what they would cost nobody knows",
        Difference.ENDS_EARLIER: "end earlier",
        Difference.MIGHT_GO_ON: "have money for more; how long they would go on nobody knows",
        Difference.PRICE_CLASS: "have another price class",
        Difference.RATE: "have another rate",
        Difference.CHARGE: "cost another sum",
    },
    unknown="Not known: who would have hung up, called, topped up or talked longer at another "
    "price, and who would be new to a new first-call offer. Balances count where a conversation "
    "was paid from an account that the draft charges too.",
)

LANGUAGES: Mapping[str, Words] = {"de": GERMAN, "en": ENGLISH}
