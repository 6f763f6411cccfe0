"""Nothing forged is believed to be PayPal's, and no stranger is asked for a certificate."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest

from engine.errors import CallerError, RemoteError
from engine.payments.http import Remote
from engine.payments.paypal import certificates
from engine.payments.paypal.certificates import (
    CHAINS_MOST,
    FETCHES_MOST,
    Certificates,
    read_roots,
)
from engine.payments.paypal.provider import BODY_MOST_BYTES, PayPal
from engine.ports.payments import Forged
from tests.fakes.payments.authority import DAY, Authority, Signer
from tests.fakes.payments.paypal import CERTIFIED_NAME, PayPalFake
from tests.fakes.payments.signed import Callback
from tests.fakes.payments.site import Fault
from tests.payments.parts.proving import asked_by, bought_at_paypal, notice_of, proved
from tests.payments.parts.purchase import Ear, begun

NOW = datetime.now(UTC)


Forgery = Callable[[PayPalFake, Callback], Callback]


def _without(name: str) -> Forgery:
    def forge(_: PayPalFake, told: Callback) -> Callback:
        return Callback(told.raw, {key: v for key, v in told.headers.items() if key != name})

    return forge


def _with(name: str, value: str) -> Forgery:
    return lambda _, told: Callback(told.raw, {**told.headers, name: value})


def _by(signer: Callable[[], Signer]) -> Forgery:
    def forge(fake: PayPalFake, told: Callback) -> Callback:
        fake.signers["CERT-2"] = signer()
        return fake.signed(told.raw, name="CERT-2")

    return forge


def _other_key(fake: PayPalFake, told: Callback) -> Callback:
    other = Authority(owner="somebody").issue(CERTIFIED_NAME)
    fake.signers["CERT-2"] = Signer(other.key, fake.signers["CERT-1"].chain)
    return fake.signed(told.raw, name="CERT-2")


def _sent(at: datetime) -> Forgery:
    return lambda fake, told: fake.signed(told.raw, at=at)


ROOT = "Groschen rehearsal root"
FORGERIES: dict[str, tuple[Forgery, str]] = {
    "another key": (_other_key, "signature"),
    "another body": (
        lambda _, told: Callback(told.raw.replace(b"20.00", b"90.00"), told.headers),
        "signature",
    ),
    "the same body written anew": (
        lambda _, told: Callback(json.dumps(json.loads(told.raw), indent=1).encode(), told.headers),
        "signature",
    ),
    "an empty body": (lambda _, told: Callback(b"", told.headers), "signature"),
    "another webhook": (
        lambda fake, told: fake.signed(told.raw, webhook_id="8PT597110X687430L"),
        "signature",
    ),
    "another transmission": (_with("paypal-transmission-id", "x"), "signature"),
    "a signature of nothing": (_with("paypal-transmission-sig", "AAAA"), "signature"),
    "a signature that is none": (_with("paypal-transmission-sig", "no base64!"), "signature"),
    "a signature in another script": (_with("paypal-transmission-sig", "ſig"), "signature"),
    "too old": (_sent(NOW - timedelta(days=4, minutes=1)), "too long ago"),
    "from tomorrow": (_sent(NOW + DAY), "not yet"),
    "no time": (_with("paypal-transmission-time", "yesterday"), "too long ago"),
    "a time without a zone": (_with("paypal-transmission-time", "2026-11-22T10:00:00"), "ago"),
    "another algorithm": (_with("paypal-auth-algo", "SHA1withRSA"), "in a way"),
    "a foreign authority": (
        _by(lambda: Authority("somebody").issue(CERTIFIED_NAME)),
        "not to be trusted",
    ),
    "a foreign authority of the same name": (
        _by(lambda: Authority(ROOT, owner="somebody").issue(CERTIFIED_NAME)),
        "not to be trusted",
    ),
    "a name elsewhere": (_by(lambda: Authority(ROOT).issue("paypal.com.example.org")), "no name"),
    "a name that ends alike": (_by(lambda: Authority(ROOT).issue("notpaypal.com")), "no name"),
    "expired": (
        _by(lambda: Authority(ROOT).issue(CERTIFIED_NAME, since=NOW - 3 * DAY, days=1)),
        "not to be trusted",
    ),
    "not valid yet": (
        _by(lambda: Authority(ROOT).issue(CERTIFIED_NAME, since=NOW + DAY)),
        "not to be trusted",
    ),
    "no certificate": (
        _by(lambda: Signer(Authority(ROOT).issue("x").key, b"nothing")),
        "none lies there",
    ),
    "a certificate too large": (
        _by(lambda: Signer(Authority(ROOT).issue("x").key, b"x" * 70_000)),
        "none lies there",
    ),
    "a certificate not there": (
        lambda fake, told: Callback(
            told.raw, {**told.headers, "paypal-cert-url": f"{fake.url}/v1/notifications/certs/9"}
        ),
        "none lies there",
    ),
    "no event": (lambda fake, _: fake.signed(b"[1, 2]"), "no event"),
    "no JSON": (lambda fake, _: fake.signed(b"\xff\x00{"), "no event"),
    "no text": (lambda fake, _: fake.signed(b'{"event_type": "caf\xe9"}'), "no event"),
    "nested without end": (lambda fake, _: fake.signed(b'{"x":' + b"[" * 100_000), "no event"),
    "an event about a number": (
        lambda fake, _: fake.callback("PAYMENT.CAPTURE.COMPLETED", "capture", {"id": 1}),
        "no event",
    ),
    "too long": (lambda fake, _: fake.signed(b" " * (BODY_MOST_BYTES + 1)), "more than"),
    **{
        f"no {name}": (_without(f"paypal-{name}"), "missing")
        for name in (
            "transmission-id",
            "transmission-time",
            "transmission-sig",
            "cert-url",
            "auth-algo",
        )
    },
}


def fitted(raw: bytes, checksum: int) -> bytes:
    """The JSON text with such blanks behind it (space or tab) that its CRC-32 is `checksum`.

    A CRC is linear: each blank that is a tab changes it in its own way, whatever the others are.
    """
    blanks = bytearray(b" " * 64)
    wanted = crc32(raw + blanks) ^ checksum
    ways: dict[int, tuple[int, int]] = {}
    for place in range(len(blanks)):
        other = bytearray(blanks)
        other[place] = ord("\t")
        change, places = crc32(raw + other) ^ crc32(raw + blanks), 1 << place
        while change and change.bit_length() in ways:
            known, known_places = ways[change.bit_length()]
            change, places = change ^ known, places ^ known_places
        if change:
            ways[change.bit_length()] = change, places
    chosen = 0
    while wanted:
        change, places = ways[wanted.bit_length()]
        wanted, chosen = wanted ^ change, chosen ^ places
    return raw + bytes(ord("\t" if chosen >> place & 1 else " ") for place in range(len(blanks)))


class TestForgeries:
    @pytest.mark.parametrize("name", FORGERIES)
    async def test_is_not_believed(
        self, paypal_fake: PayPalFake, paypal: PayPal, name: str
    ) -> None:
        await bought_at_paypal(paypal_fake, paypal)
        assert await asked_by(paypal, paypal_fake.told[-1])
        forge, why = FORGERIES[name]
        notice = await proved(paypal, forge(paypal_fake, paypal_fake.told[-1]))
        assert isinstance(notice, Forged)
        assert why in notice.reason

    async def test_nothing_is_believed_before_its_certificate_is_known(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal)
        paypal_fake.approve(books.order.provider_ref)
        told = paypal_fake.told[-1]
        assert isinstance(paypal.verify(told.raw, told.headers, Ear.now_ms()), Forged)

    async def test_a_certificate_for_all_of_paypals_names_is_good(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        await bought_at_paypal(paypal_fake, paypal)
        paypal_fake.signers["CERT-2"] = paypal_fake.authority.issue("*.paypal.com")
        assert await asked_by(paypal, paypal_fake.signed(paypal_fake.told[-1].raw, name="CERT-2"))

    async def test_one_sent_again_for_days_is_still_good(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        late = paypal_fake.signed(paypal_fake.told[-1].raw, at=NOW - 3 * DAY)
        assert await asked_by(paypal, late) == (books.order.provider_ref,)

    async def test_a_body_made_to_fit_a_genuine_signature_says_nothing_of_money(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal)
        paypal_fake.approve(books.order.provider_ref)
        genuine = paypal_fake.told[-1]
        paypal_fake.orders[books.order.provider_ref]["status"] = "PAYER_ACTION_REQUIRED"
        captured = {"id": "CAP1", "status": "COMPLETED", "custom_id": books.order.order_id}
        links = [{"rel": "up", "href": f"https://x/orders/{books.order.provider_ref}"}]
        event = {
            "id": "WH-2",
            "event_type": "PAYMENT.CAPTURE.COMPLETED",
            "resource": captured | {"links": links},
        }
        raw = fitted(json.dumps(event).encode(), crc32(genuine.raw))
        notice = await notice_of(paypal, Callback(raw, genuine.headers))
        assert (notice.facts, notice.ask) == ((), (books.order.provider_ref,))
        assert notice.event_id == (await notice_of(paypal, genuine)).event_id
        assert await paypal.fetch(books.order) == ()

    @pytest.mark.parametrize("name", ["", "A\x00", "A B", "Ä", "A\n", "A" * 65])
    async def test_what_is_no_id_is_not_asked_about(
        self, paypal_fake: PayPalFake, paypal: PayPal, name: str
    ) -> None:
        for event in ("PAYMENT.CAPTURE.REVERSED", "CHECKOUT.ORDER.APPROVED"):
            assert await asked_by(paypal, paypal_fake.callback(event, "any", {"id": name})) == ()

    async def test_the_checksum_is_the_decimal_crc_32_of_the_body(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        """By the known vectors: 3421780262 for `123456789`, 0 for nothing."""
        for raw, checksum in ((b"123456789", 3421780262), (b"", 0)):
            made = paypal_fake.signed(raw)
            sent = made.headers["paypal-transmission-time"]
            signed = f"T-1|{sent}|{paypal_fake.webhook_id}|{checksum}".encode()
            signature = base64.b64encode(paypal_fake.signers["CERT-1"].sign(signed)).decode()
            own = {"paypal-transmission-id": "T-1", "paypal-transmission-sig": signature}
            notice = await proved(paypal, Callback(raw, {**made.headers, **own}))
            assert isinstance(notice, Forged)
            assert notice.reason.startswith("signed by PayPal")


class TestCertificates:
    async def test_they_are_fetched_once_and_kept_in_bounds(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        signer = paypal_fake.signers["CERT-1"]
        paypal_fake.signers |= {f"CERT-{number}": signer for number in range(2, CHAINS_MOST + 2)}
        for name in (*paypal_fake.signers, *list(paypal_fake.signers)[-CHAINS_MOST:]):
            assert isinstance(await proved(paypal, paypal_fake.signed(b"{}", name=name)), Forged)
        assert paypal_fake.certificates_asked == CHAINS_MOST + 1
        await proved(paypal, paypal_fake.signed(b"{}"))
        assert paypal_fake.certificates_asked == CHAINS_MOST + 2

    async def test_a_host_that_does_not_answer_is_asked_again_after_a_pause(
        self, paypal_fake: PayPalFake, paypal: PayPal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paypal_fake.fault = Fault(503, path="/v1/notifications")
        headers = paypal_fake.signed(b"{}").headers
        for why in ("503", "in vain"):
            with pytest.raises(RemoteError, match=why) as caught:
                await paypal.learn(headers)
            assert caught.value.retryable
        paypal_fake.fault = None
        with pytest.raises(RemoteError, match="in vain"):
            await paypal.learn(headers)
        monkeypatch.setattr(certificates, "PAUSE_S", 0)
        await paypal.learn(headers)
        assert paypal_fake.certificates_asked == 1

    @pytest.mark.parametrize(
        "forge",
        [
            *(forge for forge, why in FORGERIES.values() if why == "missing"),
            _with("paypal-transmission-time", "yesterday"),
            _with("paypal-auth-algo", "SHA1withRSA"),
            _with("paypal-transmission-sig", "no base64!"),
            _sent(NOW - timedelta(days=4, minutes=1)),
            _sent(NOW + DAY),
        ],
    )
    async def test_headers_that_betray_themselves_send_nobody_out(
        self, paypal_fake: PayPalFake, paypal: PayPal, forge: Forgery
    ) -> None:
        await paypal.learn(forge(paypal_fake, paypal_fake.signed(b"{}")).headers)
        assert paypal_fake.certificates_asked == 0

    async def test_forgeries_send_nobody_out_but_a_few_times_a_minute(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        callback = paypal_fake.signed(b"{}")
        for number in range(FETCHES_MOST + 5):
            address = f"{callback.headers['paypal-cert-url']}-{number}"
            asked = paypal.learn({**callback.headers, "paypal-cert-url": address})
            if number < FETCHES_MOST:
                await asked
            else:
                with pytest.raises(RemoteError, match=f"more than {FETCHES_MOST}") as caught:
                    await asked
                assert caught.value.retryable
        assert paypal_fake.certificates_asked == FETCHES_MOST

    async def test_many_at_once_are_one_question(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        headers = paypal_fake.signed(b"{}").headers
        await asyncio.gather(*(paypal.learn(headers) for _ in range(5)))
        assert paypal_fake.certificates_asked == 1

    async def test_nobody_waits_for_ever_for_his_turn(
        self, paypal_fake: PayPalFake, paypal: PayPal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(certificates, "WAIT_MOST_S", 0.05)
        paypal_fake.is_silent = True
        with pytest.raises(RemoteError, match="being fetched") as caught:
            await paypal.learn(paypal_fake.signed(b"{}").headers)
        assert caught.value.retryable

    async def test_a_redirect_is_not_followed(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        paypal_fake.fault = Fault(302, path="/v1/notifications")
        assert isinstance(await proved(paypal, paypal_fake.signed(b"{}")), Forged)

    @pytest.mark.parametrize(
        ("address", "is_paypals"),
        [
            ("https://api.paypal.com/v1/notifications/certs/CERT-1", True),
            ("https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-1", True),
            ("https://paypal.com/v1/notifications/certs/CERT-1", True),
            ("https://api.paypal.com/certs/CERT-1", False),
            ("https://api.paypal.com/v1/notifications/certs/", False),
            ("https://api.paypal.com/v1/notifications/certs/a/b", False),
            ("https://api.paypal.com/v1/notifications/certs/..", False),
            ("https://api.paypal.com/v1/notifications/certs/../webhooks", False),
            ("https://api.paypal.com/v1/x/../notifications/certs/CERT-1", False),
            ("http://api.paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://api.paypal.com:8443/v1/notifications/certs/CERT-1", False),
            ("https://paypal.com.example.org/v1/notifications/certs/CERT-1", False),
            ("https://notpaypal.com/v1/notifications/certs/CERT-1", False),
            ("https://example.org/paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://api.paypal.com@example.org/v1/notifications/certs/CERT-1", False),
            ("https://user:word@api.paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://example.org\\@api.paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://example.org#.paypal.com/v1/notifications/certs/CERT-1", False),
            (
                "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://example.org",
                False,
            ),
            ("https://api.paypal.com/%2e%2e/v1/notifications/certs/CERT-1", False),
            ("https://api.paypal.com./v1/notifications/certs/CERT-1", False),
            ("https://api.paypal.com", False),
            ("https://api.paypal.com/v1/notifications/certs/CERT-1\n", False),
            ("https://ａpi.paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://127.0.0.1/v1/notifications/certs/CERT-1", False),
            ("file:///etc/ssl/cert.pem", False),
            (f"https://api.paypal.com/v1/notifications/certs/{'x' * 300}", False),
            ("", False),
        ],
    )
    async def test_only_paypals_own_addresses_are_asked(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, is_paypals: bool
    ) -> None:
        asked: list[str] = []
        authority = Authority()

        async def raw(_: Remote, method: str, path: str) -> bytes:
            asked.append(f"{method} {path}")
            return authority.issue(CERTIFIED_NAME).chain

        monkeypatch.setattr(Remote, "raw", raw)
        root = tmp_path / "root.pem"
        root.write_bytes(authority.root)
        kept = Certificates("paypal.com", read_roots(str(root), "ca_file"))
        await kept.fetch(address)
        assert bool(asked) is is_paypals
        assert isinstance(kept.key(address, Ear.now_ms()), Forged) is not is_paypals

    def test_this_machines_roots_are_the_default(self, fake_options: dict[str, str]) -> None:
        assert PayPal(fake_options, "tarot").payee == "PAYEE42"

    @pytest.mark.parametrize("content", [None, b"", b"nothing", b"-----BEGIN CERTIFICATE-----"])
    def test_a_file_without_roots_is_the_operators_fault(
        self, fake_options: dict[str, str], tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "roots.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(CallerError) as caught:
            PayPal({**fake_options, "ca_file": str(file)}, "tarot")
        assert caught.value.field == "ca_file"


@pytest.fixture
def fake_options() -> dict[str, str]:
    """Options without an address or a file of their own."""
    return {
        "client_id": "c",
        "client_secret": "s",
        "webhook_id": "w",
        "merchant_id": "PAYEE42",
    }
