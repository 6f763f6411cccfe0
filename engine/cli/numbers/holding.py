"""Commands on holders: their data, what they prove, and what is asked of them."""

from datetime import date
from pathlib import Path

import click

from engine.cli.books.opening import Day, json_option, user
from engine.cli.lines import write
from engine.cli.numbers.numbering import Deed, shown, tell_number, with_numbering
from engine.core.numbers.holder import DocumentKind, Holder, Proof, Verdict
from engine.flows.numbers.holders import FILE_BYTES_MOST, Entry, Holders, Paper
from engine.flows.numbers.words import LANGS


@click.command("seat")
@click.argument("organisation")
@click.option("--title", required=True, help="Its name in the contract.")
@click.option("--street", required=True)
@click.option("--postal-code", required=True)
@click.option("--place", required=True)
@click.option("--country", default="DE", show_default=True)
@click.option(
    "--area-code", default="", help="Where no area is named like the place; to be proved with it."
)
@click.option("--mail", help="Where notices are mailed; empty: nowhere. As it was, if not given.")
@click.option("--lang", type=click.Choice(LANGS), help="In which language they are.")
@json_option
def seat(
    organisation: str,
    title: str,
    street: str,
    postal_code: str,
    place: str,
    country: str,
    area_code: str,
    mail: str | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Write down where an ORGANISATION has its seat; numbers that do not fit are replaced.

    \b
    Example:
      groschen numbers seat acme --title "Acme GmbH" --street "Weg 1" \\
        --postal-code 10115 --place Berlin
    """
    entry = Entry(
        title=title,
        street=street,
        postal_code=postal_code,
        place=place,
        country=country,
        area_code=area_code,
        mail=mail,
        lang=lang,
    )
    done = with_numbering(
        lambda numbering: Holders(numbering).enter(organisation, entry, user()),
        as_json,
        deed=Deed(action="holders.enter", organisation=organisation),
        organisation=organisation,
    )
    _tell(done.holder, as_json)
    for old, new in done.replaced:
        tell_number(old, as_json)
        tell_number(new, as_json)
    if done.waiting:
        waiting = ", ".join(number.e164 for number in done.waiting)
        click.echo(f"Note: nothing free takes the place of {waiting} yet.", err=True)


@click.command("holder")
@click.argument("organisation")
@json_option
def holder(organisation: str, as_json: bool) -> None:
    """Show what is known of an ORGANISATION: its seat, documents, open demands.

    \b
    Example:
      groschen numbers holder acme
    """
    _tell(
        with_numbering(lambda numbering: Holders(numbering).holder(organisation), as_json), as_json
    )


@click.command("confirm")
@click.argument("organisation")
@json_option
def confirm(organisation: str, as_json: bool) -> None:
    """Write down that an ORGANISATION's data are still right, as they must be every year.

    \b
    Example:
      groschen numbers confirm acme
    """
    _tell(
        with_numbering(
            lambda numbering: Holders(numbering).confirm(organisation, user()),
            as_json,
            deed=Deed(action="holders.confirm", organisation=organisation),
        ),
        as_json,
    )


@click.command("demand")
@click.argument("organisation")
@click.argument("proof", type=click.Choice([proof.value for proof in Proof]))
@click.option("--by", type=Day(), help="The last day; 30 days from now if not given.")
@json_option
def demand(organisation: str, proof: str, by: date | None, as_json: bool) -> None:
    """Ask an ORGANISATION for a PROOF, anew if there is one.

    \b
    Example:
      groschen numbers demand acme seat --by 2026-12-15
    """
    asked = Proof(proof)
    done = with_numbering(
        lambda numbering: Holders(numbering).demand(organisation, asked, by, user()),
        as_json,
        deed=Deed(action="holders.demand", organisation=organisation),
    )
    _tell(done, as_json)


@click.command("hand-in")
@click.argument("organisation")
@click.argument("kind", type=click.Choice([kind.value for kind in DocumentKind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dated", type=Day(), required=True, help="The day it bears.")
@click.option("--expires", type=Day(), help="The last day on which it holds.")
@json_option
def hand_in(
    organisation: str, kind: str, file: Path, dated: date, expires: date | None, as_json: bool
) -> None:
    """Keep a document of an ORGANISATION until it is checked.

    \b
    Example:
      groschen numbers hand-in acme register_extract extract.pdf --dated 2026-11-02
    """
    with file.open("rb") as opened:
        content = opened.read(FILE_BYTES_MOST + 1)
    paper = Paper(
        kind=DocumentKind(kind),
        file_name=file.name,
        content=content,
        dated=dated,
        expires_on=expires,
    )
    done = with_numbering(
        lambda numbering: Holders(numbering).hand_in(organisation, paper, user()),
        as_json,
        deed=Deed(action="holders.hand_in", organisation=organisation),
    )
    if as_json:
        write(shown(done))
    else:
        click.echo(done.document_id)


@click.command("check")
@click.argument("organisation")
@click.argument("document_id")
@click.argument("verdict", type=click.Choice([Verdict.ACCEPTED.value, Verdict.REFUSED.value]))
@click.option("--note", default="", help="Why, for whoever handed it in.")
@json_option
def check(organisation: str, document_id: str, verdict: str, note: str, as_json: bool) -> None:
    """Say what came of looking at a document.

    \b
    Example:
      groschen numbers check acme 3f9c… refused --note "the address is the old one"
    """
    given = Verdict(verdict)
    done = with_numbering(
        lambda numbering: Holders(numbering).check(organisation, document_id, given, note, user()),
        as_json,
        deed=Deed(action="holders.check", organisation=organisation),
    )
    _tell(done, as_json)


def _tell(known: Holder, as_json: bool) -> None:
    if as_json:
        write(shown(known))
        return
    area = f", area {known.seat.area_code}" if known.seat.area_code else ""
    click.echo(f"{known.organisation}  {known.title}, {known.seat.line}{area}")
    click.echo(f"  confirmed on {known.confirmed_on}")
    for document in known.documents:
        until = f", until {document.expires_on}" if document.expires_on else ""
        click.echo(
            f"  {document.document_id}  {document.kind}, dated {document.dated}{until}:"
            f" {document.verdict}, for {document.address}"
        )
    for one in known.demands:
        click.echo(f"  asked for: proof of {one.proof}, by {one.by}")
