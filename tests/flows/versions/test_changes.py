"""What a draft changes is told in the operator's words: prices, numbers, people."""

from engine.core.inventory import Inventory
from engine.flows.config import parse
from engine.flows.config.files import SECTIONS as IN_FILES
from engine.flows.versions.changes import SECTIONS, EntryChange, entry_changes, file_changes
from engine.payments.registry import option_forms
from tests.flows.versions.office import BASE


def _inventory(*changes: tuple[str, str], more: str = "") -> Inventory:
    text = BASE.decode()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    made = parse({"base.yaml": text.encode(), "more.yaml": more.encode()}, 1, option_forms())
    assert isinstance(made, Inventory), str(made)
    return made


def _changes(*changes: tuple[str, str], more: str = "") -> list[EntryChange]:
    return list(entry_changes(_inventory(), _inventory(*changes, more=more)))


def _fields(change: EntryChange) -> dict[str, tuple[str, str]]:
    return {field.field: (field.before, field.after) for field in change.fields}


def test_nothing_differs() -> None:
    assert _changes() == []
    assert list(file_changes({"a.yaml": "x\n"}, {"a.yaml": "x\n"})) == []


def test_a_price_is_told_at_every_service_that_has_it() -> None:
    second = (
        "services:\n  zweite: {numbers: [030 23125 200], profile: guthaben, tariff: standard,"
        " group: beratung}\n"
    )
    old, new = (
        _inventory(more=second),
        _inventory(("landline: 1.99", "landline: 2.495"), more=second),
    )
    changes = list(entry_changes(old, new))
    assert [change.name for change in changes] == ["sternlicht", "zweite"]
    assert all(_fields(c) == {"tariff.landline": ("1.99", "2.495")} for c in changes)


def test_a_services_own_values() -> None:
    group = "    group: beratung\n"
    more = """\
    hours: {open: {mon: "09:00-18:00"}, holidays: [2026-12-24]}
    blocked: [0900*]
    pin_entry: true
    forced_end_min: 30
    thresholds_s: [120, 15]
"""
    (change,) = _changes((group, group + more), ("increment: 60/60", "increment: 60/1"))
    assert _fields(change) == {
        "tariff.increment": ("60/60", "60/1"),
        "hours.spans": ("", "mon 09:00-18:00"),
        "hours.holidays": ("", "2026-12-24"),
        "blocked": ("", "+49900*"),
        "thresholds_s": ("120", "120, 15"),
        "forced_end_min": ("60", "30"),
        "pin_entry": ("false", "true"),
    }


def test_entries_that_come_and_go() -> None:
    changes = _changes(
        ("anna", "berta"),
        more="profiles: {neu: {currency: EUR, amounts: [{pay: 10, bonus: 0.5}], providers:"
        " {stripe: {api_key: secret:key, webhook_secret: secret:hook}}}}\n",
    )
    assert [(c.section, c.name, c.kind) for c in changes] == [
        ("agents", "anna", "removed"),
        ("agents", "berta", "added"),
        ("groups", "beratung", "changed"),
        ("profiles", "neu", "added"),
    ]
    assert _fields(changes[2]) == {"agents": ("anna", "berta")}
    added = _fields(changes[3])
    assert added["amounts"] == ("", "10.00 + 0.50")
    assert added["providers.stripe.api_key"] == ("", "secret:key")


def test_what_is_kept_for_another_time() -> None:
    (change,) = _changes(more="retention: {calls: {months: 3}}\n")
    assert (change.section, change.name, _fields(change)) == (
        "retention",
        "calls",
        {"months": ("", "3")},
    )


def test_a_merchant_is_told_in_the_words_of_the_files() -> None:
    trunk = (
        "trunks: {carrier2: {host: 192.0.2.1, number_format: e164_plus, caller_id: 030 23125 9, "
        "caller_id_right: proved}}\n"
    )
    shop = "verification: {shop: {trunk: carrier2, currency: EUR, price: 0.15%s}}\n"
    old = _inventory(more=trunk + shop % "")
    new = _inventory(more=trunk + shop % ", per_minute: 0.06, limits: {per_number: 2}")
    (change,) = entry_changes(old, new)
    assert (change.section, change.name, change.kind) == ("verification", "shop", "changed")
    assert _fields(change) == {"per_minute": ("0.00", "0.06"), "limits.per_number": ("5", "2")}
    (_trunk, added) = entry_changes(_inventory(), old)
    assert _fields(added)["price"] == ("", "0.15")
    assert not any(path.startswith("rate") for path in _fields(added))


def test_no_section_is_left_out() -> None:
    assert set(SECTIONS) == set(IN_FILES) - {"tariffs"}


def test_files_line_by_line() -> None:
    before = {"a.yaml": "one\ntwo\n", "gone.yaml": "x\n", "same.yaml": "s"}
    after = {"a.yaml": "one\nzwei\n", "new.yaml": "", "same.yaml": "s"}
    changes = {change.name: change for change in file_changes(before, after)}
    assert {name: change.kind.value for name, change in changes.items()} == {
        "a.yaml": "changed",
        "gone.yaml": "removed",
        "new.yaml": "added",
    }
    assert changes["a.yaml"].diff.splitlines() == [
        "--- a/a.yaml", "+++ b/a.yaml", "@@ -1,2 +1,2 @@", " one", "-two", "+zwei"
    ]  # fmt: skip
