"""What is printed in a document."""

import re
import zlib


def printed_in(document: bytes) -> str:
    """The text of a PDF's pages, as far as these documents go."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    pages = b"".join(zlib.decompress(s) for s in streams if s.startswith(b"x\x9c"))
    printed = b"\n".join(re.findall(rb"\((.*?)\) Tj", pages)).decode("latin-1")
    return re.sub(r"\\([()\\])", r"\1", printed)
