"""Notes, reports and blocks over the interface."""

from engine.flows.agents import CallerFile
from engine.ports.operators import Scope
from tests.web.api.conftest import Program
from tests.web.site import LANDLINE, MOBILE, ORGANISATION, PROFILE


async def test_a_note_is_kept_once_and_told(program: Program) -> None:
    account_id = await program.account(MOBILE)
    path, body = f"/accounts/{account_id}/notes", {"text": " Ruft abends an "}
    kept = await program.post(path, body, once="n1")
    assert await program.post(path, body, once="n1") == kept
    assert (kept["text"], kept["kind"], kept["author"][:4]) == ("Ruft abends an", "note", "api:")
    site = program.bench.site
    by_hand = CallerFile(site.callers, site.clock, ORGANISATION)
    await by_hand.note(account_id, "mia", "Of the console", note_id="u1:a form's")
    assert (await program.get(path))["notes"][0]["note_id"] == "u1:a form's"
    report = await program.post(path, {"text": "beleidigt", "kind": "report"})
    assert (await program.get(path))["notes"][0::2] == [report, kept]
    assert (await program.get(path, limit=1))["notes"] == [report]
    assert (await program.get("/reports"))["notes"] == [report]
    for wrong in (
        {"text": " "},
        {"text": "x" * 2_001},
        {"text": "a\0"},
        {"text": "a", "kind": "x"},
    ):
        assert (await program.post(path, wrong, 422))["field"] in ("text", "kind")


async def test_a_blocked_caller_is_let_in_again(program: Program) -> None:
    ids = sorted([await program.account(MOBILE), await program.account(LANDLINE)])
    for account_id in ids:
        told = await program.put(f"/accounts/{account_id}/block", {"reason": "Insults"})
        assert told == {"account_id": account_id, "blocked": True}
    first = await program.get("/blocks", limit=1)
    rest = await program.get("/blocks", limit=1, after=first["next"])
    blocked = [*first["blocks"], *rest["blocks"]]
    assert [(one["account_id"], one["reason"]) for one in blocked] == [
        (account_id, "Insults") for account_id in ids
    ]
    assert rest["next"] is None
    found = await program.bench.ledger.find_account(PROFILE, MOBILE)
    assert found is not None
    assert found.blocked
    for account_id in ids:
        told = (await program.ask("DELETE", f"/accounts/{account_id}/block"))[0]
        assert told == {"account_id": account_id, "blocked": False}
    assert (await program.get("/blocks"))["blocks"] == []


async def test_what_is_anothers_is_not_there(program: Program, stranger: Program) -> None:
    account_id = await program.account(MOBILE)
    await program.post(f"/accounts/{account_id}/notes", {"text": "x", "kind": "report"})
    await program.put(f"/accounts/{account_id}/block", {"reason": "r"})
    for path in (f"/accounts/{account_id}", "/accounts/0123456789abcdef"):
        await stranger.get(f"{path}/notes", 404)
        await stranger.post(f"{path}/notes", {"text": "x"}, 404)
        await stranger.put(f"{path}/block", {"reason": "r"}, 404)
        await stranger.ask("DELETE", f"{path}/block", 404)
    assert (await stranger.get("/reports"))["notes"] == []
    assert (await stranger.get("/blocks"))["blocks"] == []
    found = await program.bench.ledger.account(account_id)
    assert found is not None
    assert found.blocked


async def test_each_needs_its_scope(program: Program) -> None:
    account_id = await program.account(MOBILE)
    reader = await program.with_key([Scope.CALLERS_READ])
    writer = await program.with_key([Scope.CALLERS_WRITE])
    for path in (f"/accounts/{account_id}/notes", "/reports", "/blocks"):
        await reader.get(path)
        await writer.get(path, 403)
    await reader.post(f"/accounts/{account_id}/notes", {"text": "x"}, 403)
    await reader.put(f"/accounts/{account_id}/block", {"reason": "r"}, 403)
    await reader.ask("DELETE", f"/accounts/{account_id}/block", 403)
    await writer.post(f"/accounts/{account_id}/notes", {"text": "x"})
