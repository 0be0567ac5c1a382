#!/usr/bin/env python3
"""Writes what an app calls, from what UniFFI wrote: the same functions with the same documentation, each off the caller's
thread. Written by hand they would drift; and UniFFI's own are blocking, since the core is.

What changes a device's state (unlock, lock, a child's page), syncs or listens is not among them: it is written by hand
beside the generated file, in each language's own manner.

    facades.py KOTLIN_IN KOTLIN_OUT SWIFT_IN SWIFT_OUT
"""

import pathlib
import re
import sys

# The class of the border, the class that an app sees, and what is written by hand there.
FACADES = [
    ("LockedBook", "Locked", {"unlock", "unlockWithBiometric", "sync"}),
    ("Book", "Working", {"lock", "sync", "subscribe", "enterFamily"}),
    ("FamilyPage", "Family", {"leave", "sync"}),
    ("SealedOutbox", "Outbox", {"sync"}),
]

DOC = r"(?P<doc> */\*\*\n(?: *\*[^\n]*\n)+? *\*/\n)"
KOTLIN = re.compile(DOC + r" *fun `(?P<name>\w+)`\((?P<given>.*)\)(?:: (?P<back>.+))?\n")
SWIFT = re.compile(DOC + r" *open func (?P<name>\w+)\((?P<given>.*?)\)(?P<throws>throws)? *(?:-> (?P<back>[^{]+?))? *\{")
SWIFT_GIVEN = re.compile(r"(\w+): ")

HEAD = """// Written by bindings/facades.py from what UniFFI generated. Do not change it by hand: run bindings/generate.sh.
"""


def functions(pattern, text, by_hand):
    """Every function of a class as a match, but for those written by hand."""
    found = [match for match in pattern.finditer(text) if match["name"] not in by_hand]
    missing = by_hand - {match["name"] for match in pattern.finditer(text)}
    if missing:
        sys.exit(f"facades.py: not found: {', '.join(sorted(missing))}")
    return found


def block(text, begin, end):
    """A class's text, from its head to what follows it."""
    return text[text.index(begin) :].split(end, 1)[0]


def documented(match, indent):
    lines = [line.strip() for line in match["doc"].strip().splitlines()]
    return "".join(f"{indent}{line if line.startswith('/') else ' ' + line}\n" for line in lines)


def kotlin(text):
    yield HEAD
    yield "package visitbook\n\nimport visitbook.core.*\n"
    for border, seen, by_hand in FACADES:
        yield f"\n/** What a [{seen}] does, one function for each of `{border}`. */\n"
        yield f"public abstract class {seen}Calls internal constructor() {{\n"
        yield f"    internal abstract suspend fun <T> call(work: ({border}) -> T): T\n"
        for match in functions(KOTLIN, block(text, f"public interface {border}Interface {{", "\n}\n"), by_hand):
            given = match["given"].replace("`", "").replace("kotlin.", "")
            back = (match["back"] or "Unit").replace("kotlin.collections.", "").replace("kotlin.", "")
            names = ", ".join(re.findall(r"`(\w+)`: ", match["given"]))
            yield "\n" + documented(match, "    ")
            yield f"    public suspend fun {match['name']}({given}): {back} =\n"
            yield f"        call {{ it.{match['name']}({names}) }}\n"
        yield "}\n"


def swift(text):
    yield HEAD
    yield "import Foundation\nimport VisitbookCore\n"
    for border, seen, by_hand in FACADES:
        yield f"\nextension {seen} {{\n"
        between = ""
        for match in functions(SWIFT, block(text, f"open class {border}: ", f"FfiConverterType{border}: "), by_hand):
            back = f" -> {match['back']}" if match["back"] else ""
            given = SWIFT_GIVEN.findall(match["given"])
            names = ", ".join(f"{name}: {name}" for name in given)
            trying = "try " if match["throws"] else ""
            yield between + documented(match, "  ")
            yield f"  public func {match['name']}({match['given']}) throws(BookError){back} {{\n"
            yield f"    try call {{ {trying}$0.{match['name']}({names}) }}\n  }}\n"
            between = "\n"
        yield "}\n"


def main():
    kotlin_in, kotlin_out, swift_in, swift_out = map(pathlib.Path, sys.argv[1:])
    for write, source, target in ((kotlin, kotlin_in, kotlin_out), (swift, swift_in, swift_out)):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(write(source.read_text())))


main()
