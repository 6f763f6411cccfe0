"""API keys: listed, made, revoked; a key's text is shown once, when it is made."""

from aiohttp import web

from engine.core.roles import Right
from engine.ports.operators import ApiKey, Scope
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

KEYS = "/console/keys"
KEYS_MOST = 500


async def find(asked: Asked) -> Belongs | None:
    """The key that the address names."""
    return await asked.site.keys.key(asked.request.match_info["key_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """The keys of an organisation, newest first."""
    keys = await asked.site.keys.keys(asked.organisation)
    newest = list(reversed(keys))[:KEYS_MOST]
    return asked.render("keys/list.html", keys=newest, unseen=len(keys) - len(newest))


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form for a new key."""
    return asked.render("keys/new.html", scopes=tuple(Scope), chosen=_chosen(asked))


async def add(asked: Asked) -> web.StreamResponse:
    """Make a key and show it, this once."""
    made = await asked.site.keys.create(asked.owner, asked.typed("name"), _chosen(asked))
    asked.note(key=made.key.key_id, scopes=" ".join(made.key.scopes))
    return asked.render("keys/made.html", made=made)


async def revoke(asked: Asked) -> web.StreamResponse:
    """Take a key out of use."""
    key = asked.found(ApiKey)
    asked.note(key=key.key_id)
    await asked.site.keys.revoke(key.key_id)
    return asked.done(KEYS, "keys.revoked_now", name=key.name)


def _chosen(asked: Asked) -> list[Scope]:
    return [scope for scope in Scope if f"scope-{scope.value}" in asked.form]


SUBJECT = Subject(
    routes=(
        Route("GET", KEYS, Right.KEYS_READ, show_all),
        Route("GET", f"{KEYS}/new", Right.KEYS_WRITE, show_new, whose=Whose.ONE),
        Route(
            "POST",
            f"{KEYS}/new",
            Right.KEYS_WRITE,
            add,
            whose=Whose.ONE,
            action="keys.add",
            again=show_new,
        ),
        Route(
            "POST",
            f"{KEYS}/{{key_id}}/revoke",
            Right.KEYS_WRITE,
            revoke,
            finds=find,
            action="keys.revoke",
            asks_first=True,
        ),
    ),
    menu=(Item(Section.HOUSE, KEYS, Right.KEYS_READ, "keys.title"),),
)
