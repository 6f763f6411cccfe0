"""Users: who there is, a new one, his role, his lock, his password, his sessions."""

from aiohttp import web

from engine.core.roles import Right, Role, may_appoint
from engine.errors import CallerError
from engine.ports.users import User, UserFilter
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.route import Handler, Route, Subject, Whose

USERS = "/console/users"
STAFF = f"{USERS}/new-staff"
ONE = f"{USERS}/{{user_id}}"


async def find(asked: Asked) -> Belongs | None:
    """The user that the address names."""
    return await asked.site.people.users.user(asked.request.match_info["user_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Users by name; all of them where the operator's staff look at all."""
    wanted = UserFilter(
        organisation=asked.organisation, after=asked.wanted("after"), most=PAGE_ROWS + 1
    )
    users = await asked.site.people.listed(wanted)
    more = users[PAGE_ROWS - 1].name if len(users) > PAGE_ROWS else ""
    return asked.render("users/list.html", users=users[:PAGE_ROWS], more=more)


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form for a new user."""
    return asked.render("users/new.html", roles=_roles_to_give(asked))


async def add(asked: Asked) -> web.StreamResponse:
    """Make a user of an organisation; his first password is shown once."""
    return await _added(asked, asked.owner)


async def show_new_staff(asked: Asked) -> web.StreamResponse:
    """The form for one more of the operator's staff."""
    return asked.render("users/new_staff.html", roles=_roles_to_give(asked))


async def add_staff(asked: Asked) -> web.StreamResponse:
    """Make somebody the operator's staff, who sees every organisation."""
    asked.organisation = None
    return await _added(asked, None)


async def _added(asked: Asked, organisation: str | None) -> web.StreamResponse:
    role = _role(asked)
    _must_appoint(asked, role)
    made = await asked.site.people.add(organisation, asked.typed("name"), role)
    asked.note(user=made.user.name, role=role.value)
    return asked.render("users/password.html", user=made.user, password=made.password)


async def show(asked: Asked) -> web.StreamResponse:
    """One user."""
    user = asked.found(User)
    sessions = await asked.site.people.sessions.sessions(user.user_id)
    may_change = may_appoint(asked.user.role, user.role) and user.user_id != asked.user.user_id
    return asked.render(
        "users/user.html",
        user=user,
        sessions=sessions,
        roles=_roles_to_give(asked),
        may_change=may_change,
    )


async def set_role(asked: Asked) -> web.StreamResponse:
    """Give him another role."""
    role = _role(asked)
    user = _another(asked, role)
    asked.note(user=user.name, before=user.role.value, role=role.value)
    await asked.site.people.set_role(user, role)
    return asked.done(_path(user), "users.role_set", name=user.name)


async def lock(asked: Asked) -> web.StreamResponse:
    """Let him in no more."""
    user = _another(asked)
    asked.note(user=user.name)
    await asked.site.people.lock(user)
    return asked.done(_path(user), "users.locked_now", name=user.name)


async def unlock(asked: Asked) -> web.StreamResponse:
    """Let him in again, whatever kept him out."""
    user = _another(asked)
    asked.note(user=user.name)
    await asked.site.people.unlock(user)
    return asked.done(_path(user), "users.unlocked_now", name=user.name)


async def reset_password(asked: Asked) -> web.StreamResponse:
    """Give him a new first password, shown once."""
    user = _another(asked)
    asked.note(user=user.name)
    made = await asked.site.people.reset_password(user)
    return asked.render("users/password.html", user=user, password=made.password)


async def drop_second_factor(asked: Asked) -> web.StreamResponse:
    """Let him in without a second factor, whose device is lost."""
    user = _another(asked)
    asked.note(user=user.name)
    await asked.site.signing_in.factors.drop(user)
    return asked.done(_path(user), "users.second_factor_dropped", name=user.name)


async def end_sessions(asked: Asked) -> web.StreamResponse:
    """Sign him out everywhere."""
    user = _another(asked)
    asked.note(user=user.name)
    await asked.site.people.sessions.end_all(user.user_id)
    return asked.done(_path(user), "users.sessions_ended", name=user.name)


def _path(user: User) -> str:
    return f"{USERS}/{user.user_id}"


def _role(asked: Asked) -> Role:
    try:
        return Role(asked.typed("role"))
    except ValueError:
        raise CallerError("must be a role", "role") from None


def _roles_to_give(asked: Asked) -> list[Role]:
    return [role for role in Role if may_appoint(asked.user.role, role)]


def _must_appoint(asked: Asked, *roles: Role) -> None:
    if not may_appoint(asked.user.role, *roles):
        raise web.HTTPForbidden


def _another(asked: Asked, *roles: Role) -> User:
    """The user that the address names, who may be changed: not oneself, no owner by an admin."""
    user = asked.found(User)
    _must_appoint(asked, user.role, *roles)
    if user.user_id == asked.user.user_id:
        raise CallerError("that is yourself", "user")
    return user


def _act(
    path: str,
    handler: Handler,
    verb: str,
    *,
    right: Right = Right.USERS_WRITE,
    asks_first: bool = True,
) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        right,
        handler,
        finds=find,
        action=f"users.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", USERS, Right.USERS_READ, show_all),
        Route("GET", f"{USERS}/new", Right.USERS_WRITE, show_new, whose=Whose.ONE),
        Route(
            "POST",
            f"{USERS}/new",
            Right.USERS_WRITE,
            add,
            whose=Whose.ONE,
            action="users.add",
            again=show_new,
        ),
        Route("GET", STAFF, Right.STAFF_WRITE, show_new_staff, whose=Whose.OPERATOR),
        Route(
            "POST",
            STAFF,
            Right.STAFF_WRITE,
            add_staff,
            whose=Whose.OPERATOR,
            action="users.add_staff",
            asks_first=True,
            again=show_new_staff,
        ),
        Route("GET", ONE, Right.USERS_READ, show, finds=find),
        _act("role", set_role, "set_role", asks_first=False),
        _act("lock", lock, "lock"),
        _act("unlock", unlock, "unlock", asks_first=False),
        _act("password", reset_password, "reset_password"),
        _act(
            "second-factor/drop",
            drop_second_factor,
            "drop_second_factor",
            right=Right.OWNERS_WRITE,
        ),
        _act("sessions/end", end_sessions, "end_sessions"),
    ),
    menu=(Item(Section.HOUSE, USERS, Right.USERS_READ, "users.title"),),
)
