"""The operator's files as numbered versions: applied, confirmed, undone, followed by every engine.

`configuration` is what an operator does with them, `changes` what a draft would change, `view` what
one engine goes by, `watching` how it keeps up with what is in force.
"""
