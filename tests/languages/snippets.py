#!/usr/bin/env python3
"""Compares the code that docs/api shows with the files that the tests run, and fails where they differ.

A page names the file above its code, `<!-- from tests/example.py -->`; the file has it between the lines that say
`quick start: begin` and `quick start: end`.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = re.compile(r"<!-- from (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)
RUN = re.compile(r"[^\n]*quick start: begin\n(.*?)[^\n]*quick start: end", re.DOTALL)


def main():
    compared = 0
    for page in sorted((ROOT / "docs" / "api").glob("*.md")):
        for name, shown in SHOWN.findall(page.read_text()):
            run = RUN.search((ROOT / name).read_text())
            if run is None or textwrap.dedent(run[1]).strip() != shown.strip():
                sys.exit(f"{page.relative_to(ROOT)} does not show what {name} runs: copy it from there")
            compared += 1
    if compared < 3:
        sys.exit(f"only {compared} pages name the file that their code is from")
    print(f"{compared} quick starts are what the tests run")


main()
