"""How tracking calls are counted and told: shown, and changed from now on."""

from aiohttp import web

from engine.core.roles import Right
from engine.core.tracked import (
    CALLERS_FLOOR,
    CALLERS_LEAST_MOST,
    KEY_MONTHS,
    LANGS,
    MAILS_MOST,
    Terms,
    check_terms,
)
from engine.errors import CallerError
from engine.web.console.asked import Asked
from engine.web.console.route import Route, Whose

TERMS = "/console/tracked/terms"


async def show(asked: Asked) -> web.StreamResponse:
    """The terms, with a form for who may change them."""
    return asked.render(
        "tracked/terms.html",
        terms=await asked.site.tracked.terms(asked.owner),
        least=CALLERS_FLOOR,
        least_most=CALLERS_LEAST_MOST,
        key_months=KEY_MONTHS,
        langs=LANGS,
        mails_most=MAILS_MOST,
    )


async def change(asked: Asked) -> web.StreamResponse:
    """Count and tell calls so from now on; what was counted stays."""
    lines = asked.typed("mails").splitlines()
    terms = Terms(
        organisation=asked.owner,
        callers_least=_number(asked, "callers_least"),
        key_months=_number(asked, "key_months"),
        mails=tuple(dict.fromkeys(line.strip() for line in lines if line.strip())),
        lang=asked.typed("lang"),
    )
    check_terms(terms)
    await asked.site.tracked.set_terms(terms)
    asked.note(
        callers_least=terms.callers_least,
        key_months=terms.key_months,
        mails=len(terms.mails),
        lang=terms.lang,
    )
    return asked.done(TERMS, "tracked.changed_now")


def _number(asked: Asked, name: str) -> int:
    typed = asked.typed(name, 3)
    if not (typed.isascii() and typed.isdecimal()):
        raise CallerError("must be a number", name)
    return int(typed)


ROUTES = (
    Route("GET", TERMS, Right.TRACKING_READ, show, whose=Whose.ONE),
    Route(
        "POST",
        TERMS,
        Right.TRACKING_WRITE,
        change,
        whose=Whose.ONE,
        action="tracked.set_terms",
        again=show,
    ),
)
