"""`groschen apikey`: a key is shown once, listed without its secret, and revoked."""

from engine.app import Books
from engine.ports.operators import ApiKey
from tests.cli.conftest import Shop


def test_a_key_is_shown_once_and_works_until_it_is_revoked(quiet_shop: Shop) -> None:
    made = quiet_shop.json("apikey", "create", "web shop", "--scope", "accounts:read")
    assert (made["name"], made["scopes"], made["revoked"]) == ("web shop", ["accounts:read"], None)

    async def recognised(books: Books) -> ApiKey | None:
        return await books.keys.recognise(made["secret"])

    key = quiet_shop.look(recognised)
    assert key is not None
    assert key.key_id == made["key_id"]
    listed = quiet_shop.run("apikey", "list")
    assert "web shop" in listed.stdout
    assert made["secret"].rpartition("_")[2] not in listed.stdout
    assert "in use" in listed.stdout
    assert quiet_shop.json("apikey", "revoke", made["key_id"])["revoked"] is not None
    assert quiet_shop.look(recognised) is None
    assert "revoked 2" in quiet_shop.run("apikey", "list").stdout


def test_only_the_key_goes_to_the_output(quiet_shop: Shop) -> None:
    made = quiet_shop.run("apikey", "create", "shop", "--scope", "money:write")
    assert made.exit_code == 0
    assert made.stdout.startswith("gk_")
    assert len(made.stdout.splitlines()) == 1
    assert "not shown again" in made.stderr


def test_what_cannot_be_is_refused(quiet_shop: Shop) -> None:
    refused = quiet_shop.run(
        "apikey", "create", "shop", "--scope", "orders:read", "--organisation", "nobody"
    )
    assert (refused.exit_code, "--organisation: must be one of" in refused.output) == (1, True)
    assert quiet_shop.run("apikey", "create", "shop", "--scope", "everything").exit_code == 2
    assert quiet_shop.run("apikey", "create", "shop").exit_code == 2
    assert quiet_shop.run("apikey", "revoke", "0" * 16).exit_code == 1
