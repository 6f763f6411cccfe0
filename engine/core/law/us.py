"""The United States: the federal rules on pay-per-call services (47 CFR 64.1501 ff., 16 CFR 308).

A pay-per-call service is one on a 900 number (64.1501(a)(3)). It begins with a free preamble that
names and describes the service, tells its price, asks for a parent's permission, and ends with a
tone three seconds before charging (308.5(a)). What is announced here is less than that, so a 900
number that costs anything is refused. The rule's exemption for calls of nominal cost is not judged.

A toll-free number that charges its callers is refused too, though 64.1504(c) and 47 U.S.C.
228(c) know exceptions by written agreement or card. No federal cap on prices, increments,
duration or waiting was found; 64.1604 forbids a false caller id by its intent, which no
configuration shows. The states' laws were not read.
"""

from types import MappingProxyType

from engine.core.law.shape import AccessKind, Guard, Rule

US = Guard(
    code="US",
    calling_code="+1",
    ranges=(),
    paragraphs=MappingProxyType(
        {
            Rule.TOLL_FREE: "47 CFR 64.1504",
            Rule.ANNOUNCEMENT: "16 CFR 308.5(a)",
        }
    ),
    currency="USD",
    preamble_on=frozenset({AccessKind.PREMIUM}),
)
