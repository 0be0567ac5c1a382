#!/usr/bin/env python3
"""Says what holds the native library: its sections, and its code and tables by the library that they come from.

A symbol of C belongs to the archive that defines it; one of Rust to the crate that its path begins with, so that what a crate made
of another's generics counts as the other's. What the linker gave no name (text, tables without a symbol) is told as the rest.

    size.py FOLDER      the folder of a Cargo profile, with libvisitbook_ffi.so in it, not stripped
"""

import collections
import pathlib
import re
import subprocess
import sys

# Archives by what is in their names.
ARCHIVES = {"libcrypto": "OpenSSL", "libsqlcipher": "SQLCipher", "libsqlite3": "SQLCipher", "libring": "ring"}
# Of these nothing is left in what a phone carries.
STRIPPED = (".symtab", ".strtab", ".shstrtab", ".comment", ".debug")
CRATE = re.compile(r"^[<&\[(*\s]*(?:(?:mut|const|dyn|impl|for<[^>]*>|unsafe|extern \"\w+\" fn)\s+)*(\w+)::")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sections(library):
    for line in run("readelf", "--wide", "--section-headers", library).splitlines():
        found = re.match(r"\s*\[\s*\d+\]\s+(\.\S+)\s+(\S+)\s+\w+\s+\w+\s+(\w+)", line)
        if found and found[2] != "NOBITS" and not found[1].startswith(STRIPPED):
            yield int(found[3], 16), found[1]


def of_archives(folder):
    """The library of each C symbol."""
    names = {}
    for archive in sorted(folder.glob("build/*/out/**/*.a")):
        library = next((library for part, library in ARCHIVES.items() if archive.name.startswith(part)), None)
        if library:
            for line in run("nm", "--defined-only", archive).splitlines():
                parts = line.split()
                if len(parts) == 3:
                    names.setdefault(parts[2], library)
    return names


def symbols(library):
    """Each symbol's size, its name as the linker has it, and as a person reads it; one of several at the same place."""
    listed = [run("nm", "--print-size", "--defined-only", *more, library).splitlines() for more in ([], ["--demangle"])]
    seen = set()
    for raw, read in zip(*listed):
        parts = raw.split(maxsplit=3)
        if len(parts) == 4 and parts[2].lower() not in "bu" and parts[0] not in seen:
            seen.add(parts[0])
            yield int(parts[1], 16), parts[3], read.split(maxsplit=3)[3]


def origin(name, read, archives):
    if name.startswith("UNIFFI_META"):
        return "UniFFI's descriptions"
    if name in archives:
        return archives[name]
    if name.startswith("ring_core"):
        return "ring"
    found = CRATE.match(read)
    if found:
        return found[1]
    return "C and the linker" if name == read else "Rust, of no crate"


def table(rows, total):
    for size, name in sorted(rows, reverse=True):
        if size * 200 >= total:
            print(f"  {size / 1e6:6.2f} MB  {name}")


def main():
    folder = pathlib.Path(sys.argv[1])
    library = folder / "libvisitbook_ffi.so"
    all_sections = list(sections(library))
    total = sum(size for size, _ in all_sections)
    print("sections:")
    table(all_sections, total)
    archives = of_archives(folder)
    held = collections.Counter()
    for size, name, read in symbols(library):
        held[origin(name, read, archives)] += size
    held["the rest: text without a name, unwinding, relocations"] = total - sum(held.values())
    print("by origin:")
    table([(size, name) for name, size in held.items()], total)


main()
