"""`groschen user`: the first user comes by command; passwords go through no argument."""

from click.testing import CliRunner

from engine.app import Books
from engine.cli import main
from engine.flows.access import SigningIn, Visitor
from engine.flows.payments.seals import Seal
from engine.ports.audit import ActFilter, AuditLine
from tests.cli.conftest import Shop

OWN = "a sentence of mine"


def signs_in(shop: Shop, name: str, password: str) -> bool:
    async def work(books: Books) -> bool:
        visitor = Visitor("127.0.0.1", "test")
        begun = await SigningIn(books.people, Seal(bytes(32))).by_password(name, password, visitor)
        return begun is not None

    return shop.look(work)


def test_a_made_password_is_shown_once_and_lets_in(quiet_shop: Shop) -> None:
    made = quiet_shop.json("user", "add", "Ada@Example.org", "--role", "owner")
    assert (made["name"], made["role"], made["organisation"]) == ("ada@example.org", "owner", None)
    assert signs_in(quiet_shop, "ada@example.org", made["password"])
    listed = quiet_shop.run("user", "list")
    assert "ada@example.org  (operator)  owner  active" in listed.stdout
    assert made["password"] not in listed.output


def test_a_password_is_read_from_standard_input(quiet_shop: Shop) -> None:
    quiet_shop.json("user", "add", "ada", "--role", "owner")
    runner = CliRunner(env=quiet_shop.environ)
    command = ["user", "password", "ada", "--password-stdin", "--json"]
    done = runner.invoke(main, command, input=f"{OWN}\n")
    assert (done.exit_code, OWN in done.output) == (0, False)
    assert signs_in(quiet_shop, "ada", OWN)
    weak = runner.invoke(main, command, input="short\n")
    assert weak.exit_code == 1
    assert runner.invoke(main, command, input="").exit_code == 2


def test_a_locked_user_stays_out_until_he_is_unlocked(quiet_shop: Shop) -> None:
    quiet_shop.json("user", "add", "ada", "--role", "owner")
    made = quiet_shop.json("user", "add", "bob", "--role", "agent", "--organisation", "sternlicht")
    assert quiet_shop.json("user", "lock", "bob")["locked"] is True
    assert not signs_in(quiet_shop, "bob", made["password"])
    assert quiet_shop.json("user", "unlock", "bob")["locked"] is False
    assert signs_in(quiet_shop, "bob", made["password"])

    async def written(books: Books) -> list[AuditLine]:
        return list(await books.audit.lines(ActFilter(organisation="sternlicht")))

    lines = quiet_shop.look(written)
    assert [line.act.action for line in lines] == ["users.unlock", "users.lock", "users.add"]
    assert {line.act.author.partition(":")[0] for line in lines} == {"cli"}


def test_what_cannot_be_is_refused(quiet_shop: Shop) -> None:
    quiet_shop.json("user", "add", "ada", "--role", "owner")
    assert quiet_shop.json("user", "lock", "ada", code=1)["error"]
    assert quiet_shop.json("user", "add", "ada", "--role", "agent", code=1)["field"] == "name"
    assert quiet_shop.run("user", "lock", "nobody").exit_code == 1
    refused = quiet_shop.run("user", "add", "x1", "--role", "agent", "--organisation", "nobody")
    assert refused.exit_code == 1
    assert quiet_shop.run("user", "add", "x1", "--role", "king").exit_code == 2
