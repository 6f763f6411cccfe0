"""Lets `python -m engine.cli` run what `groschen` runs."""

from engine.cli import main

main(prog_name="groschen")
