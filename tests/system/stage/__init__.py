"""How calls are staged: lines, scenes that are played side by side, listening and measures."""
