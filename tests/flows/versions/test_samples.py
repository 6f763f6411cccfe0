"""What sample calls cost before and after a change."""

from dataclasses import replace

from engine.core.tariff import FirstCall, Line
from engine.flows.versions.samples import price_changes, samples
from tests.web.site import site_inventory, tariff

EURO = 1_000_000


def test_samples_are_charged_as_calls_are() -> None:
    before, after = tariff(EURO, 2 * EURO), tariff(EURO, 3 * EURO)
    by_call = {(s.talk_s, s.line): s for s in samples(before, after)}
    mobile = by_call[90, Line.MOBILE]
    assert (mobile.before_micros, mobile.after_micros, mobile.differs) == (4 * EURO, 6 * EURO, True)
    landline = by_call[90, Line.LANDLINE]
    assert (landline.before_micros, landline.differs) == (2 * EURO, False)
    assert by_call[3600, Line.LANDLINE].after_micros == 60 * EURO


def test_first_calls_are_shown_where_there_is_an_offer() -> None:
    plain = tariff(EURO, EURO)
    offer = replace(plain, first_call=FirstCall(0, 1))
    assert not any(s.first_call for s in samples(plain, plain))
    first = [s for s in samples(plain, offer) if s.first_call and s.talk_s == 90]
    assert {(s.before_micros, s.after_micros) for s in first if s.line is Line.LANDLINE} == {
        (2 * EURO, EURO)
    }


def test_only_services_whose_price_changes_are_named() -> None:
    before = site_inventory()
    dearer = replace(before.services[0], tariff=tariff(EURO, EURO))
    after = replace(before, services=(dearer, before.services[1]))
    assert [change.service.name for change in price_changes(before, after)] == ["sternlicht"]
    assert price_changes(before, before) == ()
