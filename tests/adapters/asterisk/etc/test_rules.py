"""A table of dialplans that are wrong, each with its place and rule, and of such that are right."""

import pytest

from engine.asterisk.dialplan import render
from engine.asterisk.etc.known import APPLICATIONS, FUNCTIONS
from engine.asterisk.etc.plan import read_plan
from engine.asterisk.etc.rules import Known, place_of, problems
from engine.flows.config.problems import Problem, in_order
from tests.adapters.asterisk.test_dialplan import INVENTORY, SITE

PROMPTS = (SITE.fault_prompt, "hello", "/there")
KNOWN = Known(applications=APPLICATIONS, functions=FUNCTIONS, has_prompt=lambda n: n in PROMPTS)
OUTLIVES = "outlives_deadline"
ETC = f"{SITE.folder}/etc"


def judged(*own: str) -> list[Problem]:
    """The problems of our dialplan with these files of the operator's beside it."""
    texts = {f"{number}.conf": text for number, text in enumerate(own)}
    files = render(INVENTORY, SITE, list(texts))
    files |= {f"own.d/{name}": text for name, text in texts.items()}
    return list(in_order(problems(read_plan(files, ETC), KNOWN)))


def test_what_we_bring_is_right() -> None:
    assert judged() == []


@pytest.mark.parametrize(
    ("own", "place", "rule"),
    [
        ("exten => 1,1,NoOp((x)", (1, 18), "unbalanced_bracket"),
        ("exten => 1,1,NoOp(x", (1, 18), "unbalanced_bracket"),
        ("exten => 1,1,NoOp(x))", (1, 21), "unbalanced_bracket"),
        ("exten => 1,1,NoOp(${X)", (1, 20), "unbalanced_bracket"),
        ("exten => 1,1,NoOp($[1)", (1, 20), "unbalanced_bracket"),
        ("[mine\nexten => 1,1,NoOp()", (1, 1), "unbalanced_bracket"),
        ("[mine](!)", (1, 1), "section_syntax"),
        ("[mine](+)", (1, 1), "section_syntax"),
        ("[two words]", (1, 1), "section_syntax"),
        ("\n  what is this", (2, 3), "line_syntax"),
        ("extn => 1,1,NoOp()", (1, 1), "unknown_key"),
        ("switch => Realtime/x", (1, 1), "unknown_key"),
        ('#include "gone.conf"', (1, 1), "missing_include"),
        ("#include own.d/0.conf", (1, 1), "include_loop"),
        ('#exec "ls"', (1, 1), "directive"),
        ("include => nowhere", (1, 12), "missing_context"),
        ("exten => 1", (1, 10), "extension_syntax"),
        ("exten => ${X},1,NoOp()", (1, 10), "extension_syntax"),
        ("exten => 1,one,NoOp()", (1, 12), "priority_syntax"),
        ("exten => 1,hint,PJSIP/x", (1, 12), "priority_syntax"),
        ("exten => 1,1", (1, 12), "priority_syntax"),
        ("exten => 1,n,NoOp()", (1, 12), "next_without_start"),
        ("same => n,NoOp()", (1, 1), "no_extension"),
        ("exten => 1,2,NoOp()", (1, 1), "no_first_priority"),
        ("exten => 1,1,NoOp()\nexten => 2,n,NoOp()", (2, 1), "no_first_priority"),
        ("exten => 1,1,NoOp()\nexten => 1,1,Hangup()", (2, 1), "duplicate_priority"),
        ("exten => 1,1(a),NoOp()\n same => n(a),Hangup()", (2, 2), "duplicate_label"),
        ("exten => 1,1,Playbck(hello)", (1, 14), "unknown_application"),
        ("exten => 1,1,Dial(PJSIP/x)", (1, 14), "unknown_application"),
        ("exten => 1,1,Wait,3", (1, 14), "unknown_application"),
        ("exten => 1,1,${APP}(x)", (1, 14), "unknown_application"),
        ("exten => 1,1,NoOp(${CALERID(num)})", (1, 21), "unknown_function"),
        ("exten => 1,1,Set(TIMEOT(absolute)=3)", (1, 18), "unknown_function"),
        ("exten => 1,1,Playback(hello&gone)", (1, 29), "missing_prompt"),
        ("exten => 1,1,BackGround(gone,n)", (1, 25), "missing_prompt"),
        ('#tryinclude "/etc/asterisk/extensions.conf"', (1, 1), "missing_include"),
        ('#tryinclude "own.d/../../elsewhere.conf"', (1, 1), "missing_include"),
        ('#tryinclude "own.d/*.inc"', (1, 1), "missing_include"),
        ('#INCLUDE "/etc/asterisk/extensions.conf"', (1, 1), "directive"),
        ("exten => 1,1,Goto(nowhere,1,1)", (1, 19), "missing_target"),
        ("exten => 1,1,Goto(7,1)", (1, 19), "missing_target"),
        ("exten => 1,1,Goto(9)", (1, 19), "missing_target"),
        ("exten => 1,1,Goto(no-label)", (1, 19), "missing_target"),
        ('exten => 1,1,GotoIf($["a"="b"]?gone)', (1, 32), "missing_target"),
        ("exten => 1,1,GotoIf(${X}?1:gone)", (1, 28), "missing_target"),
        ("exten => 1,1,GotoIfTime(8:00-9:00,mon,*,*?gone,1,1)", (1, 43), "missing_target"),
        ("exten => 1,1,Gosub(gone,s,1(a,b))", (1, 20), "missing_target"),
        ("exten => 1,1,GosubIf(${X}?groschen-own,2,1(a):1,1)", (1, 27), "missing_target"),
        ("exten => T,1,NoOp()", (1, 1), "outlives_deadline"),
        ("exten => e,1,NoOp()", (1, 1), "outlives_deadline"),
        ("exten => _[a-f]!,1,NoOp()", (1, 1), "outlives_deadline"),
        ("include => mine\n[mine]\nexten => T,1,NoOp()", (3, 1), "outlives_deadline"),
        ("exten => 1,1,Goto(mine,1,1)\n[mine]\nexten => _[0-9T],1,NoOp()", (3, 1), OUTLIVES),
        (
            "exten => 1,1,Gosub(mine,1,1)\n[mine]\nexten => 1,1,NoOp()\nexten => e,1,NoOp()",
            (4, 1),
            OUTLIVES,
        ),
        (
            "exten => 1,1,BackGround(hello,,,m)\n[m]\nexten => s,1,NoOp()\nexten => T,1,NoOp()",
            (4, 1),
            OUTLIVES,
        ),
        ("exten => 1,1,BackGround(hello,,,gone)", (1, 33), "missing_target"),
        ("exten => 1,1,BackGround(hello,,,${X})", (1, 33), "unknown_target"),
        ("exten => 1,1,Stasis(groschen-a,call:t)", (1, 14), "reserved_application"),
        ("exten => 1,1,stasisbroadcast(9,^x,call:t)", (1, 14), "reserved_application"),
        ("exten => 1,1,Bridge(PJSIP/x,T)", (1, 14), "reserved_application"),
        ("exten => 1,1,ExecIfTime(*,*,*,*?Stasis,x)", (1, 14), "reserved_application"),
        ("exten => 1,1,AGI(agi://192.0.2.1/x)", (1, 14), "reserved_application"),
        ("exten => 1,1,EAGI(/bin/sh,-c,true)", (1, 14), "reserved_application"),
        ("exten => 1,1,Set(GROSCHEN_AGI=agi://192.0.2.1)", (1, 18), "reserved_name"),
        ("exten => 1,1,NoOp(${SET(__GROSCHEN_AGI=x)})", (1, 25), "reserved_name"),
        ("exten => 1,1,Set(${X}=agi://192.0.2.1)", (1, 18), "reserved_name"),
        ("exten => 1,1,Set(CHANNEL(hangup_handler_wipe)=a,1,1)", (1, 26), "reserved_name"),
        ("exten => 1,1,Goto(${WHERE},1,1)", (1, 19), "unknown_target"),
        ("exten => 1,1,Goto(${X})", (1, 19), "unknown_target"),
        ("exten => 1,1,Goto(groschen-call,${X},1)", (1, 19), "unknown_target"),
        ("exten => 1,1,Goto(groschen-call,+49,7)", (1, 19), "misses_deadline"),
        ("exten => 1,1,Goto(groschen-call,+49,ended)", (1, 19), "misses_deadline"),
        ("exten => 1,1,GotoIf($[1]?groschen-call,${EXTEN},7:1)", (1, 26), "misses_deadline"),
        (
            "exten => 1,1,Goto(groschen-call,9,8,1)\n[9]\nexten => 8,1,NoOp()",
            (1, 19),
            "misses_deadline",
        ),
        ("exten => _.,1,NoOp()", (1, 1), "pattern"),
        ("exten => _,1,NoOp()", (1, 1), "pattern"),
        ("exten => 49XX,1,NoOp()", (1, 1), "pattern"),
        ("exten => 4.,1,NoOp()", (1, 1), "pattern"),
        ("exten => _4[12,1,NoOp()", (1, 1), "pattern"),
        ("exten => _4[],1,NoOp()", (1, 1), "pattern"),
        ("exten => _4[9-1],1,NoOp()", (1, 1), "pattern"),
        ("exten => _4.5,1,NoOp()", (1, 1), "pattern"),
        ("[general]", (1, 1), "reserved_section"),
        ("[groschen-call]\nexten => 1,1,NoOp()", (1, 1), "reserved_section"),
        ("[globals]\nGROSCHEN_AGI = x", (2, 1), "reserved_section"),
    ],
)
def test_a_mistake_is_named_with_its_place(own: str, place: tuple[int, int], rule: str) -> None:
    found = [p for p in judged(own) if p.rule != "outlives_deadline" or rule == p.rule]
    assert [(p.file, (p.line, p.column), p.rule) for p in found] == [("own.d/0.conf", place, rule)]


RIGHT = [
    "exten => 1,1,Goto(${EXTEN},1)\n same => n,Goto(groschen-call,${EXTEN:1},1)",
    "exten => 1,1(a),GotoIf($[${X} > 1]?a:b)\n same => n(b),Goto(groschen-call,+49,1)",
    "exten => 1,1,GotoIfTime(8:00-9:00,mon,*,*?1:groschen-lines,${EXTEN},1)",
    "exten => 1,1,AGI(${GROSCHEN_AGI}/balance)\n same => n,NoOp(${GROSCHEN_STATUS})",
    '#tryinclude "own.d/perhaps.inc"',
    "exten => 1,1,BackGround(hello,,,mine)\n[mine]\nexten => s,1,NoOp()",
    "exten => 1,1,Goto(mine,s,go)\n[mine]\nexten => s,1(go),NoOp()",
    "exten => _49XX,1,Goto(4912,1)",
    "exten => 1,1,Playback(hello&${X}&/there,noanswer)\n same => n,Playback(${Y})",
    "exten => 1,1,Set(CALLERID(name)=a)\n same => n,MSet(A=1,TIMEOUT(absolute)=3)",
    "exten => 1,1,NoOp(a\\;b) ; a comment (open\n;-- and\nmore (\n--;same => n,Hangup()",
    "exten => 1/+4930,1,NoOp()\nexten => 1,1,Hangup()",
    "[mine]\nexten => T,1,NoOp()\nexten => _X.,1,NoOp()",
    "[globals]\nMINE = 1",
    "exten => 1,1,Gosub(s,1)\nexten => s,1,Return()",
    "exten => 1,1,NoOp(x)\n same => n+3,NoOp",
    'exten=>1,1,NoOp( a\\\\b  "c, d" \\,${X:1:2} )\n\tsame=n(l), Set(A = b , c )',
    "exten => _49-[1-3]X-N.,1,NoOp(${EXTEN:-2})\n same => n+2(far),Goto(1)",
    'exten => 1,1,Set(A=ä€ö)\n same => n,NoOp($[${A} + 1 > 2 & "${B}" =~ "[0-9]+"])',
]
"""Dialplans of the operator's with which nothing is wrong, or nothing that can be known ahead."""


@pytest.mark.parametrize("own", RIGHT)
def test_what_is_right_or_cannot_be_known_is_let_through(own: str) -> None:
    assert judged(own) == []


def test_a_file_begins_in_our_context_whatever_the_one_before_has_opened() -> None:
    assert judged("[mine]\nexten => s,1,NoOp()", "exten => 7,1,Goto(mine,s,1)") == []
    assert judged("[mine]", "exten => 7,1,NoOp()\n same => n,Goto(mine,7,1)")[0].line == 2


def test_a_parting_file_is_included_where_it_is_named() -> None:
    files = render(INVENTORY, SITE, ["a.conf"])
    files |= {"own.d/a.conf": '#include "own.d/b.inc"', "own.d/b.inc": "exten => 1,2,NoOp()"}
    [problem] = problems(read_plan(files, ETC), KNOWN)
    assert (problem.file, problem.line) == ("own.d/b.inc", 1)


@pytest.mark.parametrize(
    ("dialled", "line"),
    [("4711", 1), ("4712", 2), ("4799", 3), ("47", None), ("+4930", 4), ("4888", 5)],
)
def test_which_line_of_the_operators_takes_a_number(dialled: str, line: int | None) -> None:
    own = (
        "exten => 4711,1,NoOp()\nexten => _471X,1,NoOp()\nexten => _47XX,1,NoOp()\n"
        "exten => _+49.,1,NoOp()\nexten => _48!,1,NoOp()\n"
    )
    files = render(INVENTORY, SITE, ["a.conf"]) | {"own.d/a.conf": own}
    place = place_of(read_plan(files, ETC), dialled)
    assert (place.line if place else None) == line


def test_suggestions_say_what_was_meant() -> None:
    assert judged("exten => 1,1,Playbck(hello)")[0].suggestion == "Playback"
    assert judged("include => groschen-line")[0].suggestion == "groschen-lines"
    assert judged("exten => 4.,1,NoOp()")[0].suggestion == "_4."
