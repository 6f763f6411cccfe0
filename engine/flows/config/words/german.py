"""German sentences for every rule that a configuration or a dialplan can break, by its code.

Each is read after the name of the field, or of what is written there.
"""

from collections.abc import Mapping

MEANT = "gemeint ist vielleicht"

KINDS: Mapping[str, str] = {
    "geographic": "Ortsnetz",
    "mobile": "Mobilfunk",
    "toll-free": "gebührenfrei",
    "premium": "Premium-Dienst",
    "premium by the call": "Premium-Dienst je Anruf",
    "shared-cost": "Service-Dienst",
    "mass-call": "Massenverkehr",
    "national subscriber": "nationale Teilnehmernummer",
    "personal": "persönliche Rufnummer",
    "short or emergency": "Kurzwahl oder Notruf",
    "other": "sonstige Nummer",
}
"""The kinds of numbers that the law tells apart (`core.law.AccessKind`)."""

NAMED: Mapping[str, str] = {
    "the price a minute": "was eine Minute kostet",
    "the price of the call": "was der Anruf kostet",
    "that VAT is in the price": "dass die Mehrwertsteuer im Preis ist",
    "when charging starts": "wann die Berechnung beginnt",
}
"""What the announcement of a price has to name (`core.announced`)."""

TYPES: Mapping[str, str] = {
    "PREMIUM_RATE": "Premium-Dienst",
    "SHARED_COST": "Service-Dienst",
    "PAGER": "Funkruf",
    "VOICEMAIL": "Mailbox",
}
"""The types of numbers that agents are not called at (`core.number.NumberType`)."""

_LAW: Mapping[str, str] = {
    "guard_price_per_minute": (
        "darf auf {did} ({kind}) höchstens {most} je Minute sein, nicht {given}"
    ),
    "guard_price_per_call": "darf auf {did} ({kind}) höchstens {most} je Anruf sein, nicht {given}",
    "guard_mixed_price": (
        "muss 0 sein: {did} ({kind}) darf nach Zeit oder je Anruf kosten, nicht beides"
    ),
    "guard_whole_call": (
        "muss so klein sein, dass kein Anruf auf {did} ({kind}) mehr als {most} kostet: "
        "{minutes} Minuten können {dearest} kosten"
    ),
    "guard_currency": "muss {wanted} sein, denn darin nennt das Gesetz seine Grenzen",
    "guard_toll_free": "muss 0 sein: {did} ist gebührenfrei, Anrufer zahlen dort nichts",
    "guard_increment": "darf auf Nummern der Art {kind} höchstens {longest} sein, nicht {given}",
    "guard_rounding": "muss auf Nummern der Art {kind} mindestens {fewest} sein, nicht {given}",
    "guard_announcement": (
        "enthält {did} ({kind}): dort darf erst nach einem Vorspann berechnet werden (Name "
        "und Art des Dienstes, Erlaubnis der Eltern, Signalton), den es hier nicht gibt"
    ),
    "guard_announcement_words": "muss nennen, {what}; der Text: „{text}“",
    "guard_announcement_pause": (
        "muss die Berechnung frühestens {least} ms nach dem Ende der Tarifansage beginnen "
        "lassen, nicht nach {given} ms"
    ),
    "guard_forced_end": "darf höchstens {most} Minuten nach der Verbindung liegen",
    "guard_paid_waiting": (
        "muss conversation sein: Warten auf {did} ({kind}) muss für Anrufer kostenfrei sein"
    ),
    "guard_caller_id": "{did} ({kind}) darf nie als Absender gesendet oder gezeigt werden",
    "guard_caller_id_foreign": "muss eine vollständige Nummer mit {code} sein, nicht {given}",
    "guard_caller_id_not_held": (
        "({given}) gehört hier niemandem: sie ist weder Nummer eines Dienstes noch im Bestand "
        "geschaltet; ist das Recht, sie zu zeigen, anders belegt, gehört es in {right}"
    ),
}

_VALUES: Mapping[str, str] = {
    "no_voice": (
        "verlangt einen Satz, den Anrufer nicht hören würden: keine Stimme ist installiert, die "
        "ihn spricht: „{sentence}“; Abhilfe: der Betreiber ruft scripts/sounds --fetch-voice auf "
        "oder nimmt ihn als {recording} auf"
    ),
    "not_spoken": (
        "verlangt einen Satz, den Anrufer nicht hören würden: er konnte nicht gesprochen werden "
        "({reason}): „{sentence}“; Abhilfe: der Betreiber ruft scripts/sounds --fetch-voice auf "
        "oder nimmt ihn als {recording} auf"
    ),
    "bad_date": "muss ein Datum wie 2026-12-24 sein",
    "bad_host": "muss eine IP-Adresse oder ein Hostname sein, bei Telefonen host:port",
    "bad_increment": 'muss der Takt in ganzen Sekunden ab 1 sein, erster/weitere, etwa "60/60"',
    "bad_money": 'muss ein Betrag mit Punkt und höchstens 6 Nachkommastellen sein, etwa "1.99"',
    "bad_name": "muss ein Name aus a-z, 0-9, - und _ sein (höchstens 40 Zeichen), etwa abendtarif",
    "bad_number": (
        "muss eine vollständige Nummer sein, etwa +49 30 23125001 (wo Anfänge erlaubt sind, "
        "auch mit * am Ende)"
    ),
    "bad_origin": "muss eine Website wie https://www.example.org sein, ohne Pfad",
    "bad_percent": (
        'muss ein Prozentsatz bis 100 mit höchstens 2 Nachkommastellen sein, etwa "12.5"'
    ),
    "bad_time": (
        'muss eine Zeitspanne von 00:00 bis 24:00 sein, die nicht leer ist, etwa "09:00-18:00"'
    ),
    "bad_weekday": "muss ein Wochentag oder eine Spanne wie mon-fri sein",
    "empty_value": "darf nicht leer sein; ohne den Schlüssel gilt die Vorgabe, wo es eine gibt",
    "endless_offer": "muss Minuten, Tage oder beides haben",
    "hours_overlap": "darf nicht zweimal zur selben Zeit offen sein ({day})",
    "never_affordable": "hat einen ersten Takt, der länger ist als max_call_minutes",
    "no_time": "hat ein from_hour, das nicht vor seinem to_hour liegt",
    "not_a_choice": "muss ein bekannter Name sein",
    "not_boolean": "muss true oder false sein",
    "not_text": "muss Text sein",
    "not_whole": "muss eine ganze Zahl ohne Anführungszeichen sein",
    "out_of_range": "darf höchstens {le} sein",
    "too_few": "darf nicht leer sein",
    "too_many": "darf höchstens {max_length} Einträge haben",
    "warning_too_early": "hat ein forced_end_warning_s, das vor dem Anruf läge",
}

_ENTRIES: Mapping[str, str] = {
    "costly_number": "({number}) ist eine Nummer der Art {type}; dort wird kein Agent gerufen",
    "currency_mismatch": "ist in {currency}, das Profil {profile} aber in {held}",
    "duplicate_address": "und Port hat schon der Trunk {trunk}",
    "duplicate_entry": "nennt {name} ein zweites Mal",
    "duplicate_key": "steht zweimal da",
    "duplicate_name": "steht auch in {where}, Zeile {row}",
    "duplicate_number": "({number}) steht auch in {where}, Zeile {row}",
    "duplicate_user": "ist schon der Agent {agent}",
    "loop": "({number}) ist eine Nummer der Dienste selbst: der Anruf käme zurück",
    "missing_key": "fehlt",
    "no_caller_id": "nennt den Trunk {trunk}, der keine caller_id zum Anrufen hat",
    "not_a_line": "muss mobile oder landline sein",
    "not_a_list": "muss eine Liste sein",
    "not_a_mapping": "muss aus Schlüsseln mit Werten bestehen",
    "not_for_a_phone": "gilt nur für Agenten der Art outside",
    "number_not_held": "({number}) ist im Bestand keine geschaltete Nummer von {organisation}",
    "other_organisation": "nennt {name}, das {theirs} gehört und nicht {mine}",
    "not_yours": "änderte, was nicht {organisation} gehört; das kann allein der Betreiber",
    "plain_secret": (
        "muss eine Datei im Ordner der Geheimnisse nennen; Versionen dieser Dateien bleiben stehen"
    ),
    "second_entry": "ist einer zu viel: Rufnummern werden auf eine Weise angerufen",
    "shared_values": (
        "lässt sich nicht ändern, ohne dass sich andere Werte ändern; was über Anker (&) geteilt "
        "ist, ist auszuschreiben"
    ),
    "unknown_key": "wird hier nicht gelesen",
    "unknown_kind": "ist keine Art von Daten, die eine Zeit lang bleiben ({kinds})",
    "unknown_provider": "ist kein Anbieter; bekannt sind {known}",
    "unknown_reference": "nennt {name}, was es unter {section} nicht gibt",
    "unknown_section": "ist kein Abschnitt, der gelesen wird",
}

_FILES: Mapping[str, str] = {
    "alias_of_itself": "die Datei enthält einen Anker, der sich selbst enthält",
    "encoding": "die Datei ist kein Text in UTF-8",
    "file_name": (
        "der Name darf nur aus Buchstaben, Ziffern, _, . und - bestehen und muss auf .conf "
        "oder .inc enden"
    ),
    "file_too_large": "die Datei ist zu groß",
    "key_not_text": "hat einen Schlüssel, der kein Text ist",
    "merge_key": "enthält <<, das nicht gelesen wird; die Einträge sind auszuschreiben",
    "no_files": "der Ordner enthält keine *.yaml-Datei",
    "not_allowed": "ist nicht erlaubt",
    "not_utf8": "die Datei muss Text in UTF-8 sein",
    "several_documents": "die Datei darf nur ein Dokument enthalten",
    "tag": "hat ein Tag, das nicht gelesen wird",
    "too_deep": "die Datei ist zu tief verschachtelt",
    "too_large": "die Datei ist zu groß",
    "too_many_files": "es sind zu viele Dateien",
    "too_many_problems": "{left} weitere Fehler sind nicht gezeigt",
    "too_many_values": "die Datei enthält zu viele Werte (Verweise ausgeschrieben)",
    "unknown_alias": "die Datei verweist auf einen Anker, den es nicht gibt",
    "unreadable": "ist nicht zu lesen",
    "yaml_syntax": "die Datei ist kein YAML",
}

_DIALPLAN: Mapping[str, str] = {
    "directive": "ist weder #include noch #tryinclude",
    "duplicate_label": "hat diese Marke schon",
    "duplicate_priority": "hat diese Priorität schon",
    "extension_syntax": "ist keine Nebenstelle mit Priorität und Anwendung",
    "include_loop": "fügt sich selbst ein",
    "line_syntax": "ist kein `Schlüssel => Wert` eines Abschnitts",
    "misses_deadline": "führt am Anfang vorbei, an dem die Frist gesetzt wird",
    "missing_context": "wird eingefügt, und diesen Kontext gibt es nicht",
    "missing_include": "ist nicht unter den Dateien",
    "missing_prompt": "ist in keinem Ordner mit Ansagen",
    "missing_target": "gibt es nicht",
    "next_without_start": "folgt auf keine Priorität: die erste ist 1",
    "no_extension": "folgt auf keine Nebenstelle",
    "no_first_priority": "beginnt nicht mit Priorität 1, und dorthin führt nichts",
    "outlives_deadline": "hielte einen Anruf nach seiner Frist am Leben",
    "pattern": "das Muster ist falsch geschrieben",
    "priority_syntax": "ist keine Priorität (1, 2, …, oder n) mit einer Anwendung dahinter",
    "reserved_application": "ist der Engine vorbehalten, oder ruft etwas, das niemand prüfen kann",
    "reserved_name": "gehört der Engine, oder ist vor dem Anruf nicht bekannt",
    "reserved_section": "gehört der Engine",
    "section_syntax": "ist kein Abschnitt eines Wählplans",
    "unbalanced_bracket": "hat eine Klammer ohne Gegenstück",
    "unknown_application": "ist keine Anwendung, die dieses Asterisk geladen hat",
    "unknown_function": "ist keine Funktion, die dieses Asterisk geladen hat",
    "unknown_target": "führt dorthin, wo vor dem Anruf niemand weiß",
}

SENTENCES: Mapping[str, str] = {**_LAW, **_VALUES, **_ENTRIES, **_FILES, **_DIALPLAN}

FULLER: Mapping[str, tuple[str, ...]] = {
    "guard_announcement_words": (
        "hat die Ansage {prompt}; sie muss nennen, {what}, sagt aber: „{text}“",
    ),
    "guard_caller_id_not_held": (
        (
            "zeigt Angerufenen {given}, was keine Nummer von {organisation} ist; ist das Recht, "
            "sie zu zeigen, anders belegt, gehört es in caller_id_right des Trunks"
        ),
    ),
    "guard_mixed_price": (
        (
            "muss 0 sein, wenn der ganze Anruf mehr als {most} kosten kann: {minutes} Minuten "
            "(max_call_minutes) können {dearest} kosten"
        ),
    ),
    "not_a_choice": ("muss eines von {choices} sein",),
    "not_text": ("muss Text in einer Zeile sein, höchstens {most} Zeichen und nicht leer",),
    "out_of_range": ("muss mindestens {ge} sein",),
    "unknown_key": ("gibt es hier nicht; bekannt sind {known}",),
    "yaml_syntax": (
        "die Datei ist kein YAML: {why}",
        "die Datei enthält das Zeichen {character}, das YAML nicht erlaubt",
    ),
}
"""What is said instead: the first for which the problem has all the values that it names."""
