"""A user's own settings."""

import io

import segno
from aiohttp import web
from markupsafe import Markup

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.access import second_factor
from engine.web.console.asked import Asked
from engine.web.console.route import Route, Subject
from engine.web.console.wording import languages

SETTINGS = "/console/settings"
PASSWORD = f"{SETTINGS}/password"
SECOND_FACTOR = f"{SETTINGS}/second-factor"


async def show(asked: Asked) -> web.StreamResponse:
    """All of a user's settings."""
    people = asked.site.people
    return asked.render(
        "settings/settings.html",
        sessions=await people.sessions.sessions(asked.user.user_id),
        codes_left=await people.users.codes_left(asked.user.user_id),
    )


async def set_look(asked: Asked) -> web.StreamResponse:
    """Language and look."""
    lang, theme = asked.typed("lang"), asked.typed("theme")
    if lang not in ("", *languages()):
        raise CallerError("is none of ours", "lang")
    await asked.site.people.set_look(asked.user, lang, theme)
    return asked.done(SETTINGS, "settings.look_set")


async def show_password(asked: Asked) -> web.StreamResponse:
    """The form for another password."""
    return asked.render("settings/password.html")


async def set_password(asked: Asked) -> web.StreamResponse:
    """Another password; all other sessions end."""
    new = asked.secret("password")
    if new != asked.secret("repeated"):
        raise CallerError("differs", "repeated")
    people, here = asked.site.people, asked.session.session_hash
    await people.change_password(asked.user, asked.secret("old"), new, here)
    return asked.done(SETTINGS, "settings.password_set")


async def show_second_factor(asked: Asked) -> web.StreamResponse:
    """A new secret as a QR code, and the form that tries it."""
    if asked.user.totp_secret is not None and asked.fault is None:
        return asked.go(SETTINGS)
    typed = asked.typed("secret")
    secret = typed if second_factor.is_secret(typed) else second_factor.new_secret()
    address = second_factor.address(secret, asked.user.name)
    return asked.render("settings/second_factor.html", secret=secret, qr=_drawn(address))


async def set_second_factor(asked: Asked) -> web.StreamResponse:
    """Demand a second factor from now on; the recovery codes are shown once."""
    codes = await asked.site.signing_in.factors.add(
        asked.user, asked.typed("secret"), asked.typed("code"), asked.secret("password")
    )
    return asked.render("settings/codes.html", codes=codes)


async def drop_second_factor(asked: Asked) -> web.StreamResponse:
    """Demand it no more."""
    factors = asked.site.signing_in.factors
    await factors.drop_own(asked.user, asked.secret("password"), asked.typed("code"))
    return asked.done(SETTINGS, "settings.second_factor_dropped")


async def end_others(asked: Asked) -> web.StreamResponse:
    """End all sessions but this one."""
    await asked.site.people.sessions.end_all(asked.user.user_id, asked.session.session_hash)
    return asked.done(SETTINGS, "settings.others_ended")


def _drawn(address: str) -> Markup:
    """A QR code as SVG, dark on light whatever the theme."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=5, border=3, light="#fff", xmldecl=False, svgns=False
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here, of squares alone


SUBJECT = Subject(
    routes=(
        Route("GET", SETTINGS, Right.OWN, show),
        Route(
            "POST", f"{SETTINGS}/look", Right.OWN, set_look, action="settings.set_look", again=show
        ),
        Route("GET", PASSWORD, Right.OWN, show_password, while_new=True),
        Route(
            "POST",
            PASSWORD,
            Right.OWN,
            set_password,
            action="settings.set_password",
            again=show_password,
            while_new=True,
        ),
        Route("GET", SECOND_FACTOR, Right.OWN, show_second_factor),
        Route(
            "POST",
            SECOND_FACTOR,
            Right.OWN,
            set_second_factor,
            action="settings.set_second_factor",
            again=show_second_factor,
        ),
        Route(
            "POST",
            f"{SECOND_FACTOR}/drop",
            Right.OWN,
            drop_second_factor,
            action="settings.drop_second_factor",
            again=show,
        ),
        Route(
            "POST",
            f"{SETTINGS}/sessions/end",
            Right.OWN,
            end_others,
            action="settings.end_others",
        ),
    ),
)
