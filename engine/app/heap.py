"""What of the memory stays as long as the process does."""

import gc


def freeze_heap() -> None:
    """Take all that is there now out of Python's search for garbage.

    A whole search of an engine's heap stops its loop for some 200 ms, and with it every call; of
    what is made while it serves, next to nothing stays.
    """
    gc.collect()
    gc.freeze()
