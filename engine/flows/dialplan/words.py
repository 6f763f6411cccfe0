"""The steps of a traced call in German and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.imagined import Step, Value
from engine.core.money import format_shortest
from engine.flows.dialplan import diverted
from engine.flows.evn.words import LANGUAGES as BILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a trace says in one language; `sentences` by the step's name and, where a value decides,
    by name and value. `codes` are the words of values."""

    lang: str
    sentences: Mapping[str, str]
    codes: Mapping[str, str]


GERMAN = Words(
    lang="de",
    sentences={
        "number": "Gewählt: {dialled}, das ist {did}",
        "own_dialplan": "Der eigene Wählplan nimmt die Nummer: {file}, Zeile {line}; "
        "was dort steht, entscheidet",
        "own_unapplied": "Achtung: Asterisk hat den eigenen Wählplan noch nicht so, wie er hier "
        "gelesen wird ({files}); `groschen dialplan apply --in-force` wendet ihn an",
        "own_unseen": "Achtung: der eigene Wählplan ist hier gelesen; ob Asterisk ihn so hat, ist "
        "nicht zu sehen",
        "trunk": "Leitung: {trunk}, verbürgt: {vouches}",
        "nobody": "Kein Dienst hat die Nummer {did}: abgewiesen ({reason})",
        "service": "Dienst: {title} ({service}), Mandant {organisation}, Schutzregeln {guard}",
        "caller": "Anrufer: {number}, {verified}, Preisklasse {line}",
        "hours": "Zeiten: {at} ({timezone}): {state}",
        "block_list": "Sperrliste: {blocked}",
        "pin_entry": "Der Anrufer wird nach Nummer und PIN gefragt",
        "account": "Guthabenkonto in {profile}: {balance}{assumed}",
        "offer": "Erstanruferangebot ({caller_list}): {granted}",
        "price": "Preis ({line}): {first}{price} pro Minute, Takt {increment}, "
        "Verbindungsentgelt {connect_fee}",
        "hold": "Für den ersten Takt werden {amount} vorgehalten: {held}",
        "hunt": "Gruppe {group} ({strategy}): {agents}; je {ring_timeout_s} s, {rounds} Runden, "
        "höchstens {max_wait_s} s Wartezeit",
        "agent": "{agent} nimmt ab",
        "answered": "Der Anruf wird angenommen, beide werden verbunden",
        "billing": "Berechnet wird ab Sekunde {begins_s} des Gesprächs (ab {origin})",
        "hears": "{who} hört: {words}",
        "kept": "Der Anrufer wird {seconds} s kostenfrei gehalten, um aufzuladen",
        "hung_up": "Aufgelegt ({reason})",
        "ended": "Ende: {outcome}; {talk_s} s gesprochen, {charged_s} s berechnet, {charge}",
        **diverted.SENTENCES["de"],
    },
    codes={
        "caller": "Anrufer",
        "agent": "Berater",
        "withheld": "unterdrückt",
        "none": "keine Nummer",
        "verified": "vom Netz verbürgt",
        "unverified": "nicht verbürgt",
        "open": "geöffnet",
        "closed": "geschlossen",
        "holiday": "Feiertag",
        "blocked": "steht darauf",
        "free": "steht nicht darauf",
        "assumed": " (angenommen: genug für das längste Gespräch)",
        "granted": "bekommt er",
        "had": "hatte er schon",
        "held": "reicht",
        "short": "reicht nicht",
        "first_whole": "{price} für diesen Anruf, sonst ",
        "first_minutes": "{price} für {minutes} min, dann ",
        "announcement": "Ansageende",
        "conversation": "Gesprächsbeginn",
        **diverted.CODES["de"],
    },
)

ENGLISH = Words(
    lang="en",
    sentences={
        "number": "Dialled: {dialled}, which is {did}",
        "own_dialplan": "The operator's own dialplan takes the number: {file}, line {line}; "
        "what stands there decides",
        "own_unapplied": "Beware: Asterisk does not have the operator's own dialplan as it is read "
        "here yet ({files}); `groschen dialplan apply --in-force` brings it there",
        "own_unseen": "Beware: the operator's own dialplan is read here; whether Asterisk has it "
        "like that cannot be seen",
        "trunk": "Trunk: {trunk}, vouches for: {vouches}",
        "nobody": "No service has the number {did}: turned away ({reason})",
        "service": "Service: {title} ({service}) of {organisation}, guard {guard}",
        "caller": "Caller: {number}, {verified}, price class {line}",
        "hours": "Hours: {at} ({timezone}): {state}",
        "block_list": "Block list: {blocked}",
        "pin_entry": "The caller is asked for number and PIN",
        "account": "Account in {profile}: {balance}{assumed}",
        "offer": "First-call offer ({caller_list}): {granted}",
        "price": "Price ({line}): {first}{price} a minute, increment {increment}, "
        "connect fee {connect_fee}",
        "hold": "For the first increment {amount} are held: {held}",
        "hunt": "Group {group} ({strategy}): {agents}; {ring_timeout_s} s each, {rounds} rounds, "
        "at most {max_wait_s} s of waiting",
        "agent": "{agent} answers",
        "answered": "The call is answered, both are joined",
        "billing": "Charged from second {begins_s} of the conversation on (counted from {origin})",
        "hears": "{who} hears: {words}",
        "kept": "The caller is kept for {seconds} s, free of charge, to top up",
        "hung_up": "Hung up ({reason})",
        "ended": "End: {outcome}; {talk_s} s talked, {charged_s} s charged, {charge}",
        **diverted.SENTENCES["en"],
    },
    codes={
        "caller": "Caller",
        "agent": "Agent",
        "withheld": "withheld",
        "none": "no number",
        "verified": "vouched for by the network",
        "unverified": "not vouched for",
        "open": "open",
        "closed": "closed",
        "holiday": "holiday",
        "blocked": "he is on it",
        "free": "he is not on it",
        "assumed": " (assumed: enough for the longest call)",
        "granted": "he gets it",
        "had": "he has had it",
        "held": "there is enough",
        "short": "there is too little",
        "first_whole": "{price} for this call, else ",
        "first_minutes": "{price} for {minutes} min, then ",
        "announcement": "the announcement's end",
        "conversation": "its beginning",
        **diverted.CODES["en"],
    },
)

LANGUAGES = {"de": GERMAN, "en": ENGLISH}


def sentence(step: Step, words: Words, said: str) -> str:
    """A step as people read it; `said` is what is heard in it."""
    shown = {name: _plain(value) for name, value in step.values.items()}
    shown |= _told(step, words) | {"who": words.codes.get(step.who, ""), "words": said}
    when = "" if step.talked_s is None else f"{step.talked_s // 60:3}:{step.talked_s % 60:02}  "
    return when + words.sentences[step.name].format_map(shown)


def _plain(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _told(step: Step, words: Words) -> dict[str, str]:
    """The values of a step that need words of their own."""
    values, codes, bill = step.values, words.codes, BILL[words.lang]
    match step.name:
        case "caller":
            number = values["number"] or codes["withheld" if values["withheld"] else "none"]
            vouched = codes["verified" if values["verified"] else "unverified"]
            line = bill.lines[str(values["line"])]
            return {"number": str(number), "verified": vouched, "line": line}
        case "hours":
            at = diverted.local(values["at_ms"], values["timezone"])
            return {"at": at, "state": codes[str(values["state"])]}
        case "block_list":
            return {"blocked": codes["blocked" if values["blocked"] else "free"]}
        case "account":
            assumed = codes["assumed"] if values["assumed"] else ""
            return {"balance": _money(step, "balance_micros", words), "assumed": assumed}
        case "offer":
            return {"granted": codes["granted" if values["granted"] else "had"]}
        case "price":
            return _price(step, words)
        case "hold":
            held = codes["held" if values["held"] else "short"]
            return {"amount": _money(step, "micros", words), "held": held}
        case "billing":
            return {"origin": codes[str(values["origin"])]}
        case "ended":
            outcome = bill.outcomes[str(values["outcome"])]
            return {"outcome": outcome, "charge": _money(step, "charge_micros", words)}
    return diverted.told(step, codes)


def _price(step: Step, words: Words) -> dict[str, str]:
    first = ""
    if step.values["first_price_micros"] is not None:
        minutes = step.values["first_minutes"]
        template = words.codes["first_whole" if minutes is None else "first_minutes"]
        first = template.format(price=_money(step, "first_price_micros", words), minutes=minutes)
    return {
        "line": BILL[words.lang].lines[str(step.values["line"])],
        "first": first,
        "price": _money(step, "price_micros", words),
        "connect_fee": _money(step, "connect_fee_micros", words),
    }


def _money(step: Step, name: str, words: Words) -> str:
    amount = format_shortest(_whole(step.values[name]), 2)
    return f"{amount.replace('.', BILL[words.lang].decimal_point)} {step.values['currency']}"


def _whole(value: Value) -> int:
    assert isinstance(value, int)
    return value
