"""Asterisk's `etc` folder: rendered files and the operator's own, checked, applied, put back.

The way through: `own` reads the operator's folder → `plan` reads all of it as Asterisk would →
`rules` names every mistake → `changes` tells what differs and who must read it again → `files`
carries it out → `likeness` compares what Asterisk then says it has, `faults` reads its log.
"""
