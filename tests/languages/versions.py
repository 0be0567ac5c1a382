#!/usr/bin/env python3
"""Holds every version on the Android side to one list, android/gradle/libs.versions.toml, and fails naming the line that differs.

Gradle reads the list itself; Maven cannot, and CI runs Maven. So that the two build the same thing, this compares in both
directions: what a pom.xml or a script names must be in the list with that version, and what is in the list must be named by
somebody. Gradle's files may name no version at all. The API levels of the list are those that the tests run on.
"""

import pathlib
import re
import subprocess
import sys
import xml.parsers.expat

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = "android/gradle/libs.versions.toml"

ENTRY = re.compile(r'^([\w-]+) *= *(?:"([^"]*)"|\{(.*)\})$')
PAIR = re.compile(r'([\w.]+) *= *"([^"]*)"')
# group:artifact:version, as scripts hand to Maven. A version begins with a digit.
COORDINATES = re.compile(r"\b([a-z][\w.-]*(?:\.[\w-]+)+):([\w.-]+):(\d[\w.-]*)")
ACCESSOR = re.compile(r"\blibs\.([\w.]+)")


class Catalogue:
    """The list: versions, libraries and plugins by name, each with its line."""

    def __init__(self, text):
        self.versions, self.libraries, self.plugins = {}, {}, {}
        sections = {"versions": self.versions, "libraries": self.libraries, "plugins": self.plugins}
        section = None
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if line.startswith("["):
                section = sections[line.strip("[]")]
            elif line and not line.startswith("#"):
                name, plain, table = ENTRY.match(line).groups()
                section[name] = (plain if table is None else dict(PAIR.findall(table)), number)

    def version(self, entry):
        return self.versions[entry["version.ref"]][0]

    def modules(self):
        """Every version that the list has of a library, by `group:artifact`."""
        found = {}
        for entry, number in self.libraries.values():
            found.setdefault(entry["module"], {})[self.version(entry)] = number
        return found


def pom_versions(text):
    """Yields (group:artifact, version, line) for everything in a pom.xml that has the three, with properties as written."""
    parser = xml.parsers.expat.ParserCreate()
    path, fields, found, properties = [], [{}], [], {}

    def start(name, _):
        path.append(name)
        fields.append({})

    def data(words):
        fields[-1]["text"] = fields[-1].get("text", "") + words

    def end(name):
        own = fields.pop()
        text = own.get("text", "").strip()
        path.pop()
        if path and path[-1] == "properties":
            properties[name] = (text, parser.CurrentLineNumber)
        elif name in ("groupId", "artifactId", "version"):
            fields[-1][name] = (text, parser.CurrentLineNumber)
        elif name not in ("project", "parent") and {"groupId", "artifactId", "version"} <= own.keys():
            found.append((own["groupId"][0] + ":" + own["artifactId"][0], *own["version"]))

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    parser.Parse(text, True)
    return found, properties


def listed(*patterns):
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    return [name for name in names.stdout.splitlines() if (ROOT / name).exists()]


def accessors(name):
    """How Gradle writes a name of the list."""
    return re.sub(r"[-_]", ".", name)


def main():
    catalogue = Catalogue((ROOT / CATALOGUE).read_text())
    modules = catalogue.modules()
    wrong, named = [], set()

    def compare(where, module, version):
        known = modules.get(module)
        if known is None:
            wrong.append(f"{where}: {module} is not in {CATALOGUE}")
        elif version not in known:
            lines = ", ".join(f"{has} in line {line}" for has, line in known.items())
            wrong.append(f"{where}: {module} is {version}, but {CATALOGUE} has {lines}")
        else:
            named.add((module, version))

    poms = {name: pom_versions((ROOT / name).read_text()) for name in listed("android/**pom.xml")}
    properties = {key: at for _, of in poms.values() for key, at in of.items()}
    for name, (found, _) in poms.items():
        for module, version, line in found:
            if version in ("${project.version}", "${project.parent.version}"):
                continue
            property_named = re.fullmatch(r"\$\{(.*)\}", version)
            if property_named:
                version, line = properties[property_named[1]]
                compare(f"android/pom.xml:{line}", module, version)
            else:
                compare(f"{name}:{line}", module, version)

    for name in listed("android/**.sh", "tests/languages/*.sh"):
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            for module_group, artifact, version in COORDINATES.findall(line):
                compare(f"{name}:{number}", f"{module_group}:{artifact}", version)

    usable = {accessors(key) for key in catalogue.libraries}
    usable |= {"plugins." + accessors(key) for key in catalogue.plugins}
    usable |= {"versions." + accessors(key) for key in catalogue.versions}
    used = set()
    for name in listed("android/**.gradle.kts"):
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if COORDINATES.search(line) or re.search(r'\bversion\s+"|(?:Sdk|Version)\s*=\s*["\d]', line):
                wrong.append(f"{name}:{number}: a version of its own: name it in {CATALOGUE}")
            for accessor in ACCESSOR.findall(line):
                accessor = re.sub(r"\.(get|toInt)\b.*", "", accessor)
                used.add(accessor)
                if not accessor.startswith("versions.toml") and accessor not in usable:
                    wrong.append(f"{name}:{number}: libs.{accessor} is not in {CATALOGUE}")

    for key, (entry, number) in catalogue.libraries.items():
        if (entry["module"], catalogue.version(entry)) not in named and accessors(key) not in used:
            wrong.append(f"{CATALOGUE}:{number}: nobody uses {key}")
    referred = {entry["version.ref"] for group in (catalogue.libraries, catalogue.plugins) for entry, _ in group.values()}
    for key, (_, number) in catalogue.versions.items():
        if key not in referred and "versions." + accessors(key) not in used:
            wrong.append(f"{CATALOGUE}:{number}: nobody uses {key}")

    wrong += api_levels(catalogue)
    for line in wrong:
        print(line)
    if wrong or len(named) < 15:
        sys.exit(f"{len(wrong)} versions differ, {len(named)} compared")
    print(f"{len(named)} versions are the same for Maven, Gradle and the scripts")


def api_levels(catalogue):
    """What depends on the API levels without naming an artifact, and what is numbered after something else."""
    (least, _), (against, _) = catalogue.versions["minSdk"], catalogue.versions["compileSdk"]
    tested = "android/platform/src/test/resources/robolectric.properties"
    line = (ROOT / tested).read_text().splitlines()[0]
    if line != f"sdk={least},{against}":
        yield f"{tested}:1: {line}, but {CATALOGUE} has {least} and {against}"
    for name, level in (("gummy-bears", least), ("android-all-26", least), ("android-all-35", against)):
        entry, number = catalogue.libraries[name]
        if not (entry["module"].endswith(level) or name.endswith(level)):
            yield f"{CATALOGUE}:{number}: {name} is not for API {level}"
    (agp, _), (lint, number) = catalogue.versions["agp"], catalogue.versions["lint"]
    major, rest = agp.split(".", 1)
    if lint != f"{int(major) + 23}.{rest}":
        yield f"{CATALOGUE}:{number}: lint {lint} is not that of AGP {agp}"


main()
