"""English words in what a German reader is shown."""

import re
from collections.abc import Sequence

_WORDS = re.compile(
    r"\b(the|is|are|were|been|has|have|of|with|this|that|there|must|found|expected|and|or|but|than"
    r"|by|from|to|number|numbers|answered|reached|too|its)\b"
)
"""Words of sentences that German has not. In lower case: names and products are often English."""


def english_in(text: str) -> Sequence[str]:
    """The English words of a text; empty if it is in German."""
    return _WORDS.findall(text)
