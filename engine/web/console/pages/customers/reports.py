"""Reports on callers that no supervisor has taken note of yet, and taking note of one."""

from aiohttp import web

from engine.flows.agents.callers import CallerFile
from engine.ports.people.callers import CallerNote
from engine.web.console.asked import Asked, Belongs


async def find(asked: Asked) -> Belongs | None:
    """The report that the address names."""
    return await asked.site.callers.report(asked.request.match_info["note_id"])


async def see(asked: Asked) -> web.StreamResponse:
    """Take note of a report; it is open no longer."""
    report = asked.found(CallerNote)
    asked.note(account=report.account_id)
    file = CallerFile(asked.site.callers, asked.site.clock, report.organisation)
    is_first = await file.see(report.note_id, asked.user.name)
    told = "customers.report_seen_now" if is_first else "customers.report_was_seen"
    return asked.done(asked.next_path(), told)
