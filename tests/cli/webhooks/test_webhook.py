"""`groschen webhook`: endpoints from the command line, each secret shown once."""

from tests.cli.conftest import Shop

URL = "https://www.example.org/webhooks"


def test_an_endpoint_from_its_beginning_to_its_end(quiet_shop: Shop) -> None:
    made = quiet_shop.json("webhook", "add", URL, "--event", "payment.credited")
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"], made["state"]) == (URL, ["payment.credited"], "active")
    named = made["endpoint_id"]
    listed = quiet_shop.json("webhook", "list")
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert quiet_shop.json("webhook", "rotate", named)["secret"] != made["secret"]
    sent = quiet_shop.json("webhook", "ping", named)
    assert (sent["type"], sent["state"], sent["tries"]) == ("ping", "pending", 0)
    assert quiet_shop.json("webhook", "deliveries", "--endpoint", named) == sent
    again = quiet_shop.json("webhook", "resend", sent["delivery_id"])
    assert again["event_id"] == sent["event_id"]
    assert quiet_shop.json("webhook", "disable", named)["state"] == "disabled"
    assert quiet_shop.json("webhook", "enable", named)["state"] == "active"
    assert quiet_shop.json("webhook", "delete", named)["state"] == "deleted"
    assert quiet_shop.run("webhook", "list").stdout == ""
    assert quiet_shop.run("webhook", "enable", named).exit_code == 1


def test_people_read_lines(quiet_shop: Shop) -> None:
    made = quiet_shop.run("webhook", "add", URL)
    assert made.stdout.startswith("whsec_")
    assert len(made.stdout.splitlines()) == 1
    assert "not shown again" in made.stderr
    (line,) = quiet_shop.run("webhook", "list").stdout.splitlines()
    assert made.stdout.strip() not in line
    named = line.split()[0]
    assert named in made.stderr
    quiet_shop.run("webhook", "ping", named)
    (told,) = quiet_shop.run("webhook", "deliveries", "--state", "pending").stdout.splitlines()
    assert f"ping  {named}  pending  tries 0" in told


def test_what_cannot_be_is_refused(quiet_shop: Shop) -> None:
    assert quiet_shop.json("webhook", "add", "http://10.0.0.1/", code=1)["field"] == "url"
    for command in ("rotate", "delete", "disable", "enable", "ping", "resend"):
        refused = quiet_shop.run("webhook", command, "nothing")
        kind = "delivery" if command == "resend" else "endpoint"
        assert (refused.exit_code, f"there is no {kind} nothing" in refused.output) == (1, True)
    assert quiet_shop.run("webhook", "add", URL, "--event", "ping").exit_code == 2
