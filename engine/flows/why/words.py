"""The reasons in German and English, each with its mend."""

from engine.core.likeness import Likeness
from engine.core.masking import shown
from engine.core.money import format_shortest
from engine.flows.why.finding import Finding, Reason

_NO_NUMBER = {"de": "unterdrückte Nummer", "en": "withheld number"}

_HIDDEN_NEAR = {
    "de": "Ein ähnliches Konto: {account}, {balance} {currency} im Profil {profile}.",
    "en": "A similar account: {account}, {balance} {currency} in the profile {profile}.",
}
"""`NEAR_NUMBER` where one of the two numbers is withheld."""

_LIKE: dict[str, dict[Likeness, str]] = {
    "de": {
        Likeness.SAME: "dieselbe Nummer",
        Likeness.EXCHANGED: "zwei Ziffern vertauscht",
        Likeness.COUNTRY: "andere Ländervorwahl",
        Likeness.ONE_WRONG: "eine Ziffer anders",
        Likeness.ONE_MISSING: "eine Ziffer mehr",
        Likeness.ONE_MORE: "eine Ziffer weniger",
    },
    "en": {
        Likeness.SAME: "the same number",
        Likeness.EXCHANGED: "two digits exchanged",
        Likeness.COUNTRY: "another country code",
        Likeness.ONE_WRONG: "one digit differs",
        Likeness.ONE_MISSING: "one digit more",
        Likeness.ONE_MORE: "one digit less",
    },
}

_SENTENCES: dict[str, dict[Reason, tuple[str, str]]] = {
    "de": {
        Reason.BLOCKED: (
            "Das Konto ist nach einer Rückbuchung im Minus ({balance} {currency}).",
            "Betrag aufladen oder gutschreiben, dann ist es wieder frei.",
        ),
        Reason.CALLER_BLOCKED: (
            "Die Nummer ist für den Dienst gesperrt.",
            "Sperre des Dienstes prüfen und die Nummer herausnehmen.",
        ),
        Reason.FORMER_NUMBER: (
            "Das Konto {number} ({balance} {currency}) hatte diese Nummer bis zu einer Änderung.",
            "Nummer des Kontos zurückändern oder das Guthaben übertragen.",
        ),
        Reason.OTHER_PROFILE: (
            "Das Guthaben ({balance} {currency}) liegt im Profil {profile}.",
            "Guthaben in das Profil des Dienstes übertragen.",
        ),
        Reason.NOT_IDENTIFIED: (
            "Das Netz des Anrufers bürgt nicht für seine Nummer.",
            "Mit Nummer und PIN anrufen lassen, oder das Vertrauen in den Trunk prüfen.",
        ),
        Reason.PIN_WRONG: ("Die PIN war falsch.", "Eine neue PIN setzen."),
        Reason.NEAR_NUMBER: (
            "Ein ähnliches Konto: {number} ({like}), {balance} {currency} im Profil {profile}.",
            "Hat er sich bei der Aufladung vertippt: Nummer des Kontos ändern.",
        ),
        Reason.BALANCE_TOO_LOW: (
            "Das Guthaben ({balance} {currency}) reichte nicht für den ersten Takt.",
            "Aufladen oder gutschreiben.",
        ),
        Reason.CLOSED: (
            "Er rief außerhalb der Öffnungszeiten an.",
            "Öffnungszeiten nennen oder ändern.",
        ),
        Reason.NO_ACCOUNT: (
            "Diese Nummer hat hier kein Konto.",
            "Nach der Nummer fragen, mit der er aufgeladen hat.",
        ),
        Reason.NOTHING: (
            "Das Konto hat {balance} {currency}, und kein letzter Anruf wurde abgewiesen.",
            "Nichts zu tun.",
        ),
    },
    "en": {
        Reason.BLOCKED: (
            "The account is below zero after a reversal ({balance} {currency}).",
            "Top it up or credit it; then it is free again.",
        ),
        Reason.CALLER_BLOCKED: (
            "The number is blocked for the service.",
            "Look at the service's block list and take the number off it.",
        ),
        Reason.FORMER_NUMBER: (
            "The account {number} ({balance} {currency}) had this number until a change.",
            "Change the account's number back, or move the balance.",
        ),
        Reason.OTHER_PROFILE: (
            "The balance ({balance} {currency}) is in the profile {profile}.",
            "Move it to the service's profile.",
        ),
        Reason.NOT_IDENTIFIED: (
            "The caller's network does not vouch for his number.",
            "Let him call with number and PIN, or look at what the trunk is trusted with.",
        ),
        Reason.PIN_WRONG: ("The PIN was wrong.", "Set a new one."),
        Reason.NEAR_NUMBER: (
            "A similar account: {number} ({like}), {balance} {currency} in the profile {profile}.",
            "If he mistyped it when he paid: change the account's number.",
        ),
        Reason.BALANCE_TOO_LOW: (
            "The balance ({balance} {currency}) did not buy the first increment.",
            "Top it up or credit it.",
        ),
        Reason.CLOSED: (
            "He called outside the opening hours.",
            "Tell him the hours, or change them.",
        ),
        Reason.NO_ACCOUNT: (
            "This number has no account here.",
            "Ask which number he paid for.",
        ),
        Reason.NOTHING: (
            "The account has {balance} {currency}, and none of the last calls was refused.",
            "Nothing to do.",
        ),
    },
}


def sentence(finding: Finding, lang: str, *, revealed: bool = False) -> tuple[str, str]:
    """The reason and its mend; the account's number as it may be shown."""
    reason, mend = _SENTENCES[lang][finding.reason]
    customer = finding.customer
    if customer is None:
        return reason.replace(" ({balance} {currency})", ""), mend
    account = customer.account
    if finding.likeness is None:
        reason = _HIDDEN_NEAR[lang]
    number = shown(account.e164, withheld=customer.withheld, revealed=revealed)
    told = reason.format(
        number=number or _NO_NUMBER[lang],
        account=account.account_id,
        like=_LIKE[lang][finding.likeness] if finding.likeness else "",
        balance=format_shortest(account.balance_micros, 2),
        currency=account.currency,
        profile=account.profile,
    )
    return told, mend
