"""Every command that changes something leaves one line in the audit log.

A command without a row here fails: it is said to read, or what act it is.
"""

import getpass
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from engine.app import Books
from engine.cli import main
from engine.cli.numbers import probing
from engine.core.inventory import Inventory
from engine.core.probe import Health, ProbePlan, Result, Standing
from engine.errors import RemoteError
from engine.flows.access import People
from engine.ledger.users.sql import SqlAudit
from engine.ports.audit import Act, ActFilter, AuditLine
from tests.cli.conftest import Shop
from tests.cli.test_payments import NUMBER, till

__all__ = ["till"]

READ = {
    "apikey list", "balance show", "call proof", "call verify", "call why", "config check",
    "config diff", "config export", "config history", "config schema", "dialplan check",
    "dialplan export", "dialplan history", "dialplan render", "dialplan trace", "evn",
    "forwarding list", "forwarding show", "ledger verify", "number", "numbers case list",
    "numbers case show", "numbers history", "numbers holder", "numbers list", "numbers notices",
    "numbers prices", "numbers source list", "numbers statement", "payments list", "quote",
    "replay", "serve", "settings", "statement", "tracking list", "tracking report",
    "tracking show", "user list", "verification list", "verification show",
    "verification statement", "webhook deliveries", "webhook list",
}  # fmt: skip
"""What changes neither books nor live calls nor Asterisk. A case that is shown is written down in
its own log, and files on this machine in none."""

OWN = "sternlicht"
MOBILE = "0152 28817386"
STOCK = "+493023125000"
MASKED = "+493023125xxx"
WHY = ("--reason", "r")
OWNER = ("--owner", "ada")


@dataclass(frozen=True)
class Row:
    """A command as it is typed, and the act that it is; what stands in braces an earlier answer
    has told."""

    typed: Sequence[str]
    action: str
    organisation: str | None = OWN
    target: str = ""
    fault: str = ""


def row(command: str, *options: str, **act: Any) -> Row:
    return Row((*command.split(), *options), **act)


ROWS = (
    row("user add ada --role owner", action="users.add_staff", organisation=None),
    row("user add bob --role agent --organisation sternlicht", action="users.add"),
    row("user password bob", action="users.reset_password", target="users/{user_id}"),
    row("user lock bob", action="users.lock", target="users/{user_id}"),
    row("user unlock bob", action="users.unlock", target="users/{user_id}"),
    row("apikey create shop --scope accounts:read", action="keys.add"),
    row("apikey revoke {key_id}", action="keys.revoke", target="keys/{key_id}"),
    row("apikey revoke +493023125100", action="keys.revoke", organisation=None,
        target="keys/+493023125xxx", fault="caller"),
    row("balance credit --open", MOBILE, "1", *WHY, action="transactions.credit"),
    row("balance credit", NUMBER, "5", *WHY, action="transactions.credit",
        target="customers/{account}"),
    row("balance debit", NUMBER, "2", *WHY, action="transactions.debit",
        target="customers/{account}"),
    row("balance debit", NUMBER, "2000", *WHY, action="transactions.debit",
        target="customers/{account}", fault="not_available"),
    row("balance move", NUMBER, MOBILE, "1", *WHY, action="transactions.move",
        target="customers/{account}"),
    row("balance number", NUMBER, "030 23125 200", *WHY, action="customers.change_number",
        target="customers/{account}"),
    row("balance pin", "030 23125 200", "--pin", "471147", action="customers.set_pin",
        target="customers/{account}"),
    row("payments confirm o1", action="payments.confirm", target="payments/o1"),
    row("payments confirm o2", action="payments.confirm", target="payments/o2", fault="caller"),
    row("ledger rebuild", action="ledger.rebuild", organisation=None),
    row("retention due", action="retention.due", organisation=None),
    row("tracking terms --callers-least 10", action="tracked.set_terms"),
    row("webhook add https://www.example.org/hooks", action="webhooks.add"),
    row("webhook ping {endpoint_id}", action="webhooks.ping", target="webhooks/{endpoint_id}"),
    row("webhook resend {delivery_id}", action="webhooks.resend",
        target="webhooks/{delivery_id}"),
    row("webhook rotate {endpoint_id}", action="webhooks.rotate",
        target="webhooks/{endpoint_id}"),
    row("webhook disable {endpoint_id}", action="webhooks.disable",
        target="webhooks/{endpoint_id}"),
    row("webhook enable {endpoint_id}", action="webhooks.enable",
        target="webhooks/{endpoint_id}"),
    row("webhook delete {endpoint_id}", action="webhooks.delete",
        target="webhooks/{endpoint_id}"),
    row("webhook delete nothing", action="webhooks.delete", target="webhooks/nothing",
        fault="caller"),
    row("agents pause {agent}", action="agents.pause", target="agents/{agent}"),
    row("agents resume {agent}", action="agents.resume", target="agents/{agent}"),
    row("agents pause nobody", action="agents.pause", organisation=None,
        target="agents/nobody", fault="caller"),
    row("calls end 1.2", *WHY, action="live_calls.end", organisation=None,
        target="live_calls/1.2", fault="gone"),
    row("calls warn 1.2", action="live_calls.warn", organisation=None,
        target="live_calls/1.2", fault="gone"),
    row("config apply", *WHY, "--author", "mia", action="configuration.apply", organisation=None),
    row("config confirm", action="configuration.confirm", organisation=None, fault="conflict"),
    row("config rollback 7", *WHY, action="configuration.restore", organisation=None,
        fault="caller"),
    row("dialplan apply --in-force", action="dialplan.apply", organisation=None, fault="caller"),
    row("dialplan rollback 1", *WHY, action="dialplan.restore", organisation=None,
        fault="caller"),
    row("numbers import {blocks}", action="stock.take_in", organisation=None),
    row("numbers import {wrong}", action="stock.take_in", organisation=None, fault="mistakes"),
    row("numbers price DE 4.90", action="stock.price", organisation=None),
    row("numbers order sternlicht --price 4.90", action="numbers.order",
        target="holders/sternlicht", fault="no_holder"),
    row("numbers order nobody --price 4.90", action="numbers.order", organisation=None,
        target="holders/nobody", fault="no_holder"),
    row("numbers seat sternlicht --title Acme --postal-code 10115 --place Berlin", "--street",
        "Weg 1", action="holders.enter", target="holders/sternlicht"),
    row("numbers order sternlicht --price 4.90", action="numbers.order",
        target="holders/sternlicht"),
    row("numbers approve", STOCK, action="numbers.approve", target=f"numbers/{MASKED}"),
    row("numbers hand-in sternlicht register_extract {paper} --dated 2026-01-02",
        action="holders.hand_in", target="holders/sternlicht"),
    row("numbers check sternlicht {document_id} accepted", action="holders.check",
        target="holders/sternlicht"),
    row("numbers confirm sternlicht", action="holders.confirm", target="holders/sternlicht"),
    row("numbers demand sternlicht seat", action="holders.demand", target="holders/sternlicht"),
    row("numbers source add sternlicht", STOCK, "Messe", action="sources.add",
        target=f"numbers/{MASKED}"),
    row("numbers source removed sternlicht {source_id}", action="sources.confirm_removed",
        target="holders/sternlicht"),
    row("numbers reject", STOCK, *WHY, action="numbers.reject", target=f"numbers/{MASKED}",
        fault="not_now"),
    row("numbers replace", STOCK, *WHY, action="numbers.replace", target=f"numbers/{MASKED}"),
    row("numbers deactivate +493023125001", *WHY, action="numbers.deactivate",
        target=f"numbers/{MASKED}"),
    row("numbers withdraw +493023125004", *WHY, action="numbers.withdraw", organisation=None,
        target=f"numbers/{MASKED}"),
    row("numbers due", action="numbers.due", organisation=None),
    row("numbers probe", STOCK, action="numbers.probe", organisation=None,
        target=f"numbers/{MASKED}"),
    row("numbers case open", STOCK, "subscriber", "--authority", "LKA", "--reference", "12 Js",
        "--from", "2026-11-01", "--to", "2026-11-07", "--due", "2026-12-01", *OWNER,
        action="cases.open", organisation=None),
    row("numbers case refer {case_id} --outcome x", *OWNER, action="cases.refer",
        organisation=None, target="cases/{case_id}"),
    row("numbers case answer {case_id} --outcome x", *OWNER, action="cases.answer",
        organisation=None, target="cases/{case_id}", fault="conflict"),
)  # fmt: skip


def _commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        path = (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, path)
        else:
            yield " ".join(path)


def _command_of(typed: Sequence[str]) -> str:
    words = " ".join(typed)
    return max((path for path in _commands(main) if words.startswith(path)), key=len)


def _acts(shop: Shop) -> Sequence[AuditLine]:
    async def work(books: Books) -> Sequence[AuditLine]:
        return await books.audit.lines(ActFilter(organisation=None, most=200))

    return shop.look(work)


def test_of_each_command_it_is_said_whether_it_changes_something() -> None:
    written = {_command_of(one.typed) for one in ROWS}
    assert written | READ == {*_commands(main)}
    assert not written & READ


@pytest.fixture
def known(till: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What commands are typed with: files, and an agent; a number that a probe reaches."""
    blocks, wrong, paper = (tmp_path / name for name in ("a.csv", "b.csv", "a.pdf"))
    blocks.write_text("area_code,first,last\n30,+493023125000,+493023125004\n")
    wrong.write_text("area_code,first,last\n30,+49,\n")
    paper.write_bytes(b"%PDF-1.7")
    plan = ProbePlan(trunk="carrier", show_number="+493023125999")
    health = Health(
        e164=STOCK,
        organisation=OWN,
        standing=Standing.ALIVE,
        next_ms=1,
        last_result=Result.ARRIVED,
    )

    async def inventory(_books: object, _settings: object) -> Inventory:
        return Inventory(version=1, probing=(plan,))

    async def probed(*_: object) -> Health:
        return health

    monkeypatch.setattr(probing, "inventory_in_force", inventory)
    monkeypatch.setattr(probing, "probed", probed)
    agent = json.loads(till.run("agents", "--json").stdout.splitlines()[0])["name"]
    files = {"blocks": str(blocks), "wrong": str(wrong), "paper": str(paper)}
    return {"agent": agent, **files}


def test_a_command_that_changes_something_is_one_act(till: Shop, known: dict[str, str]) -> None:
    for one in ROWS:
        before = _acts(till)
        done = till.run(*(word.format_map(known) for word in one.typed), "--json")
        line, *rest = _acts(till)
        assert rest == list(before), (one.typed, done.output)
        act = line.act
        assert act.author == f"cli:{getpass.getuser()}"
        assert (act.action, act.organisation) == (one.action, one.organisation), one.typed
        if "{account}" not in one.target:
            assert act.target == one.target.format_map(known), one.typed
        outcome = "refused" if one.fault else "done"
        assert (line.outcome, line.detail.get("fault", "")) == (outcome, one.fault), one.typed
        assert (done.exit_code == 0) == (not one.fault), (one.typed, done.output)
        written = f"{act.target}{line.detail}"
        assert not any(text in written for text in (STOCK, "23125100", "28817386", "471147"))
        for told in done.stdout.splitlines():
            answer = json.loads(told) if told.startswith("{") else {}
            known.update({name: str(value) for name, value in answer.items() if value is not None})
        if "{account}" in one.target:
            assert act.target == one.target.format_map(known), one.typed


def test_what_only_looks_is_no_act(till: Shop) -> None:
    before = _acts(till)
    for command in ("retention due --dry-run", "numbers due --dry-run", "tracking terms", "agents"):
        assert till.run(*command.split()).exit_code == 0
    assert _acts(till) == before


def test_without_the_log_nothing_is_changed(
    quiet_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_audit: SqlAudit, _act: Act) -> None:
        raise RemoteError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(SqlAudit, "begin", down)
        command = ("balance", "credit", NUMBER, "5", "--open", *WHY)
        assert "does not answer" in quiet_shop.json(*command, code=1)["error"]
        assert quiet_shop.run("user", "add", "ada", "--role", "owner").exit_code == 1
        assert quiet_shop.run("numbers", "price", "DE", "4.90").exit_code == 1
    assert quiet_shop.run("balance", "show", NUMBER).exit_code == 1
    assert quiet_shop.run("user", "list").stdout == ""
    assert quiet_shop.run("numbers", "prices").stdout == ""


def test_an_act_stands_before_it_is_carried_out(
    quiet_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise RemoteError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(SqlAudit, "end", gone)
        assert quiet_shop.run("user", "add", "ada", "--role", "owner").exit_code == 1
    (line,) = _acts(quiet_shop)
    assert (line.act.action, line.outcome) == ("users.add_staff", "")


def test_a_fault_of_ours_ends_the_act(quiet_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RemoteError("the store does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(People, "lock", broken)
        quiet_shop.json("user", "add", "ada", "--role", "owner")
        assert quiet_shop.run("user", "lock", "ada").exit_code == 1
    (line, _added) = _acts(quiet_shop)
    assert (line.outcome, line.detail) == ("failed", {"fault": "remote"})
