"""The steps of a traced call to a forwarded or tracked number in German and English."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.imagined import Step, Value

Codes = Mapping[str, str]

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "books_needed": "{service}: wessen Nummer es ist und wohin sie führt, sagen die Bücher; "
        "ein Entwurf hat keine",
        "holder": "{service}: die Nummer {whose}, Stand: {status}{source}",
        "route": "{route}",
        "caller_number": "Anrufer: {number}",
        "policy": "Regel für {caller_class}: {verdict}",
        "duty": "Zeiten: {at} ({timezone}): an der Reihe {on}{off}",
        "caps": "Grenzen: {calls_at_once} Gespräche zugleich, {minutes_a_day} min am Tag, "
        "{minutes_a_month} im Monat ({timezone}; angenommen: nichts ist verbraucht)",
        "cost": "Kosten: höchstens {a_day} {currency} am Tag, {a_month} im Monat; "
        "eine Minute kostet, je Ziel: {minute}",
        "target": "Ziel {place}: {target}, {ring_timeout_s} s lang; es sieht {shown}",
        "nobody_takes": "Nimmt keines ab: {then}",
        "rings_on": "Niemand wird angerufen ({outcome}): der Anrufer hört Klingeln, bis er auflegt",
        "target_takes": "Nimmt {target} ab:",
        "talk_ended": "Ende: {talk_s} s gesprochen",
    },
    "en": {
        "books_needed": "{service}: whose number it is and where it leads, the books say; "
        "a draft has none",
        "holder": "{service}: the number {whose}, state: {status}{source}",
        "route": "{route}",
        "caller_number": "Caller: {number}",
        "policy": "Policy for {caller_class}: {verdict}",
        "duty": "Hours: {at} ({timezone}): on duty {on}{off}",
        "caps": "Caps: {calls_at_once} conversations at once, {minutes_a_day} min a day, "
        "{minutes_a_month} a month ({timezone}; assumed: nothing is used up)",
        "cost": "Costs: {a_day} {currency} a day at most, {a_month} a month; "
        "a minute costs, by target: {minute}",
        "target": "Target {place}: {target}, for {ring_timeout_s} s; it is shown {shown}",
        "nobody_takes": "If none answers: {then}",
        "rings_on": "Nobody is called ({outcome}): the caller hears ringing until he hangs up",
        "target_takes": "If {target} answers:",
        "talk_ended": "End: {talk_s} s talked",
    },
}
"""By language and by the step's name."""

CODES: Mapping[str, Codes] = {
    "de": {
        "target": "Ziel",
        "service_forwarding": "Weiterleitung",
        "service_tracking": "Anruf-Tracking",
        "holder_of": "von {organisation}",
        "holder_none": "hat niemand",
        "source": ", Quelle {source}",
        "status_free": "frei",
        "status_ordered": "bestellt",
        "status_approved": "genehmigt",
        "status_documents_pending": "Nachweise fehlen",
        "status_active": "geschaltet",
        "status_quarantined": "gesperrt",
        "status_withdrawn": "nicht mehr im Bestand",
        "route_there": "Route: Fassung {version}",
        "route_none": "Route: keine",
        "route_deleted": "Route: gelöscht (Fassung {version})",
        "route_loops": "Route: Fassung {version}, führt im Kreis zur Nummer zurück",
        "class_us": "Anrufer aus den USA",
        "class_us_withheld": "Anrufer aus den USA mit unterdrückter Nummer",
        "class_us_territory": "Anrufer aus US-Außengebieten",
        "class_canada": "Anrufer aus Kanada",
        "class_caribbean": "Anrufer aus der Karibik (+1)",
        "class_foreign": "Anrufer aus dem Ausland",
        "class_service": "Anrufer von Servicenummern",
        "class_unidentified": "Anrufer, für deren Nummer kein Netz bürgt",
        "verdict_through": "durchstellen",
        "verdict_ring_on": "klingeln lassen",
        "nobody": "niemand",
        "off": "; nicht {off}",
        "shown_caller": "den Anrufer ({shown})",
        "shown_number": "die gewählte Nummer ({shown})",
        "then_rings_on": "der Anrufer hört weiter Klingeln, bis er auflegt",
        "then_ends": "der Anruf endet unangenommen",
        "outcome_not_let_through": "die Regel stellt ihn nicht durch",
        "outcome_no_route": "es gibt kein Ziel",
    },
    "en": {
        "target": "Target",
        "service_forwarding": "Forwarding",
        "service_tracking": "Call tracking",
        "holder_of": "of {organisation}",
        "holder_none": "is nobody's",
        "source": ", source {source}",
        "status_free": "free",
        "status_ordered": "ordered",
        "status_approved": "approved",
        "status_documents_pending": "documents wanting",
        "status_active": "active",
        "status_quarantined": "in quarantine",
        "status_withdrawn": "not in the stock any more",
        "route_there": "Route: version {version}",
        "route_none": "Route: none",
        "route_deleted": "Route: deleted (version {version})",
        "route_loops": "Route: version {version}, leads in a circle back to the number",
        "class_us": "callers from the US",
        "class_us_withheld": "callers from the US who withhold their number",
        "class_us_territory": "callers from US territories",
        "class_canada": "callers from Canada",
        "class_caribbean": "callers from the Caribbean (+1)",
        "class_foreign": "callers from abroad",
        "class_service": "callers from service numbers",
        "class_unidentified": "callers whose number no network vouches for",
        "verdict_through": "put through",
        "verdict_ring_on": "let ring",
        "nobody": "nobody",
        "off": "; not {off}",
        "shown_caller": "the caller ({shown})",
        "shown_number": "the number that was called ({shown})",
        "then_rings_on": "the caller goes on hearing ringing until he hangs up",
        "then_ends": "the call ends unanswered",
        "outcome_not_let_through": "the policy does not put him through",
        "outcome_no_route": "there is no target",
    },
}
"""By language, the words of values."""


def told(step: Step, codes: Codes) -> dict[str, str]:
    """The values of a step that need words of their own."""
    values = step.values
    match step.name:
        case "books_needed":
            return {"service": codes[f"service_{values['service']}"]}
        case "holder":
            return _holder(values, codes)
        case "route":
            return {"route": codes[f"route_{values['state']}"].format_map(values)}
        case "caller_number":
            number = values["number"] or codes["withheld" if values["withheld"] else "none"]
            return {"number": str(number)}
        case "policy":
            caller_class = codes[f"class_{values['caller_class']}"]
            return {
                "caller_class": caller_class,
                "verdict": codes[f"verdict_{values['verdict']}"],
            }
        case "duty":
            return _duty(values, codes)
        case "target":
            shown = codes["shown_caller" if values["shows_caller"] else "shown_number"]
            return {"shown": shown.format_map(values)}
        case "nobody_takes":
            return {"then": codes["then_rings_on" if values["rings_on"] else "then_ends"]}
        case "rings_on":
            return {"outcome": codes[f"outcome_{values['outcome']}"]}
    return {}


def local(at_ms: Value, timezone: Value) -> str:
    """A time of a zone, as it is told."""
    assert isinstance(at_ms, int)
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(str(timezone)))
    return moment.strftime("%Y-%m-%d %H:%M")


def _holder(values: Mapping[str, Value], codes: Codes) -> dict[str, str]:
    whose = codes["holder_of" if values["organisation"] else "holder_none"]
    return {
        "service": codes[f"service_{values['service']}"],
        "whose": whose.format_map(values),
        "status": codes[f"status_{values['status']}"],
        "source": codes["source"].format_map(values) if values["source"] else "",
    }


def _duty(values: Mapping[str, Value], codes: Codes) -> dict[str, str]:
    on, off = _listed(values["on"]), _listed(values["off"])
    return {
        "at": local(values["at_ms"], values["timezone"]),
        "on": on or codes["nobody"],
        "off": codes["off"].format(off=off) if off else "",
    }


def _listed(numbers: Value) -> str:
    return ", ".join(numbers) if isinstance(numbers, tuple) else str(numbers)
