"""Builds the native library into the wheel, which then fits this kind of machine and every Python from 3.9 on: the library is
called through ctypes and knows no version of Python.

The generated sources are those in the repository, which CI compares with the library; a build that generated its own would
ship what nobody reviewed. VISITBOOK_PROFILE=dev builds a debug library, for tests.
"""

import json
import os
import pathlib
import shutil
import subprocess

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
PROFILE = os.environ.get("VISITBOOK_PROFILE", "release")


def cargo(*words):
    return subprocess.run(["cargo", *words], cwd=HERE, check=True, stdout=subprocess.PIPE).stdout


TARGET = pathlib.Path(json.loads(cargo("metadata", "--no-deps", "--format-version", "1"))["target_directory"])


class WithLibrary(build_py):
    """The sources, and the library beside them."""

    def run(self):
        super().run()
        cargo("build", "--quiet", "--package", "visitbook-ffi", "--lib", "--profile", PROFILE)
        built = TARGET / ("debug" if PROFILE == "dev" else PROFILE)
        (library,) = [file for file in built.glob("libvisitbook_ffi.*") if file.suffix in (".so", ".dylib")]
        shutil.copy2(library, pathlib.Path(self.build_lib) / "visitbook")


class ForThisMachine(bdist_wheel):
    """A wheel that names the machine and no version of Python."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


# Nothing is written beside the sources.
BUILD = TARGET / "python"
BUILD.mkdir(parents=True, exist_ok=True)
setup(
    cmdclass={"build_py": WithLibrary, "bdist_wheel": ForThisMachine},
    options={"build": {"build_base": str(BUILD / "build")}, "egg_info": {"egg_base": str(BUILD)}},
)
