"""`groschen call`: a finished call as signed proof, and why a caller cannot use his money."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import click

from engine.app import Books
from engine.app.plan import web_plan_of
from engine.cli.books.opening import inventory_in_force, json_option, run
from engine.cli.books.papers import FILE, LANGUAGES, hand_over
from engine.cli.lines import write
from engine.core.inventory import Inventory
from engine.core.masking import shown
from engine.core.money import format_shortest
from engine.errors import CallerError
from engine.flows.proof.pdf import pdf
from engine.flows.proof.proof import BYTES_MOST, Proof, Signer, Verdict, content_of
from engine.flows.why.finding import Finding, Why, why_call, why_number
from engine.flows.why.words import sentence
from engine.settings import Settings, read_settings
from engine.speech.catalogue import read_catalogues

lang_option = click.option("--lang", type=click.Choice(LANGUAGES), default="de", show_default=True)

VERDICTS = {
    Verdict.GENUINE: "Genuine: signed here, and unchanged.",
    Verdict.FOREIGN: "Unchanged since it was signed, but by a key that is not ours.",
    Verdict.CHANGED: "Changed since it was signed, or never signed so.",
    Verdict.NO_PROOF: "No proof of a call.",
}


@click.group("call")
def call() -> None:
    """Prove a finished call, or find out why one was refused."""


@call.command("proof")
@click.argument("call_id")
@click.option("--pdf", "as_pdf", is_flag=True, help="As a document, with the proof attached.")
@lang_option
@click.option("--to", "--out", "out", type=FILE, help="Write to this file.")
def proof(call_id: str, as_pdf: bool, lang: str, out: Path | None) -> None:
    """Print all that is known of the call CALL_ID, signed.

    The number lacks its last three digits; a withheld one is left out.

    \b
    Examples:
      groschen call proof 1796083200.12 --to proof.json
      groschen call proof 1796083200.12 --pdf --to proof.pdf
    """

    async def work(books: Books, settings: Settings) -> Proof:
        file = await books.records.file(call_id)
        if file is None:
            raise CallerError(f"there is no call {call_id}", "call_id")
        now_ms = books.clock.now().wall_ms
        catalogues = read_catalogues(settings.sounds)
        return _signer(settings).sign(content_of(file, now_ms, catalogues))

    made = run(work)
    hand_over(pdf(made, lang) if as_pdf else (json.dumps(made) + "\n").encode(), out)


@call.command("verify")
@click.argument("file", type=click.File("rb"))
@json_option
def verify(file: BinaryIO, as_json: bool) -> None:
    """Say whether FILE is a proof that was signed here and is unchanged; exit code 1 if not."""
    verdict = _signer(read_settings()).check(file.read(BYTES_MOST + 1))
    if as_json:
        write({"verdict": verdict})
    else:
        click.echo(VERDICTS[verdict])
    if verdict is not Verdict.GENUINE:
        click.get_current_context().exit(1)


def _signer(settings: Settings) -> Signer:
    return Signer(bytes.fromhex(web_plan_of(settings).secret))


@call.command("why")
@click.argument("caller")
@click.option("--organisation", help="Whose caller; the only one if not given.")
@click.option("--profile", help="Where he wants to use his money.")
@lang_option
@json_option
def why(
    caller: str, organisation: str | None, profile: str | None, lang: str, as_json: bool
) -> None:
    """Say why CALLER, a phone number or a refused call's id, cannot use his money.

    \b
    Example:
      groschen call why "0170 1234567"
    """

    async def work(books: Books, settings: Settings) -> Why:
        owner = _organisation(await inventory_in_force(books, settings), organisation)
        record = await books.records.record(owner, caller)
        if record is not None:
            return await why_call(books.kin, record)
        return await why_number(books.kin, owner, caller, profile)

    found = run(work, as_json=as_json)
    if as_json:
        number = shown(found.e164, withheld=found.withheld)
        write({"number": number, "findings": [_plain(one, lang) for one in found.findings]})
        return
    for finding in found.findings:
        reason, mend = sentence(finding, lang)
        click.echo(f"{reason}\n  {mend}")


def _organisation(inventory: Inventory, name: str | None) -> str:
    names = [each.name for each in inventory.organisations if name in (None, each.name)]
    if len(names) != 1:
        raise CallerError("must name one of the organisations", "--organisation")
    return names[0]


def _plain(finding: Finding, lang: str) -> Mapping[str, object]:
    reason, mend = sentence(finding, lang)
    account = finding.customer.account if finding.customer else None
    return {
        "reason": finding.reason,
        "account": account and account.account_id,
        "balance": account and format_shortest(account.balance_micros),
        "like": finding.likeness,
        "refused": finding.refused,
        "told": reason,
        "mend": mend,
    }
