"""The console's pages over large books: what a browser waits for, from request to last byte."""

import statistics
import time
from pathlib import Path

from engine.core.roles import Role
from tests.bench.reading import Asked
from tests.web.console.house import open_house
from tests.web.site import ORGANISATION

PATHS = (
    "/console/customers",
    "/console/customers?order=balance&after=a10000",
    "/console/customers?number=%2B4930100007",
    "/console/customers/a00007",
    "/console/transactions",
    "/console/transactions?kind=top_up",
    "/console/payments",
    "/console/evn",
    "/console/evn?service=s3&outcome=fault",
    "/console/evn/c77",
    "/console/why?caller=%2B4930100007",
    "/console/lists",
    "/console/statistics",
    "/console/statistics?by=hour",
    "/console/statistics?by=service",
    "/console/retention",
)


async def measure(books: Path, database: str, times: int) -> list[Asked]:
    """Ask for every page so many times, after once to warm up; each must be answered with 200."""
    found = []
    async with open_house(books) as house:
        owner = await house.add(ORGANISATION, "owner@bench.example", Role.OWNER)
        secret = await house.session(owner)
        for path in PATHS:
            took_ms = []
            for _ in range(times + 1):
                began_s = time.perf_counter()
                answer = await house.ask("GET", path, secret=secret)
                await answer.read()
                took_ms.append((time.perf_counter() - began_s) * 1000)
                assert answer.status == 200, (path, answer.status)
            kept = took_ms[1:]
            found.append(Asked(f"page {path}", database, statistics.median(kept), max(kept)))
    return found
