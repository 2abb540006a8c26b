"""pyproject.toml, requirements.lock, environment.yml and what is installed say the same; the house is in order."""

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement

from sequtils import paths

ROOMS = ["paths", "files", "text", "data", "models", "engine", "trials", "classifier", "statistics", "results",
         "measures", "original", "notebook", "report", "__main__"]  # in the order of the data's way
PACKAGE = paths.ROOT / "sequtils"
MODULES = sorted(PACKAGE.rglob("*.py"))


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    """Name -> exact version of requirement lines `name==version`."""
    wanted = [Requirement(line) for line in lines]
    assert all(str(r.specifier).startswith("==") for r in wanted)
    return {normal(r.name): str(r.specifier)[2:] for r in wanted}


def lock():
    lines = (paths.ROOT / "requirements.lock").read_text().splitlines()
    return pins(line for line in lines if line and not line.startswith("#"))


def direct():
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["cluster"]
    return {normal(r.name): r.specifier for r in map(Requirement, wanted)}


def conda():
    return yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]


def test_the_lock_is_within_the_project_s_bounds():
    for name, specifier in direct().items():
        assert specifier.contains(lock()[name]), name


def test_conda_gets_the_direct_dependencies_in_the_locked_versions():
    listed = pins(next(entry for entry in conda() if isinstance(entry, dict))["pip"])
    assert listed == {name: lock()[name] for name in direct()}
    python = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert "python=3.11" in conda() and python == ">=3.11,<3.12"


def test_what_is_installed_is_what_the_lock_says():
    for name, version in lock().items():
        assert metadata.version(name).split("+")[0] == version, name  # torch adds +cpu


def test_every_dependency_of_a_locked_package_is_locked():
    for name in lock():
        for wanted in map(Requirement, metadata.requires(name) or []):
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                for_cuda = normal(wanted.name).startswith(("nvidia-", "cuda-", "triton"))
                assert for_cuda or normal(wanted.name) in lock(), f"{name} needs {wanted}"


def test_no_index_or_address_in_the_lock():
    assert "://" not in (paths.ROOT / "requirements.lock").read_text()
    assert "--" not in (paths.ROOT / "requirements.lock").read_text()


def imports(module):
    """Full names of the project's modules that a module imports, wherever in it, such as sequtils.data.features."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sequtils":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if is_module(full) else node.module


def is_module(name):
    path = paths.ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def room(name):
    """The room, or the single module, to which a full name belongs; None for the package itself."""
    return (*name.split("."), None)[1]


def full_name(module):
    parts = module.relative_to(paths.ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_data_flows_one_way(module):
    here = room(full_name(module))
    for name in imports(module):
        if here and room(name) != here:
            assert ROOMS.index(room(name)) < ROOMS.index(here), f"{module} imports {name}"


def test_no_circle_within_a_room():
    """A room's modules can be put into an order in which each imports only those before it; its face comes last."""
    below = {full_name(m): {n for n in imports(m) if room(n) == room(full_name(m)) and n != f"sequtils.{room(n)}"}
             for m in MODULES}
    assert tuple(graphlib.TopologicalSorter(below).static_order())


def test_every_room_says_what_it_is_and_stands_in_the_package():
    rooms = {full_name(m): m for m in MODULES if m.name == "__init__.py"}
    assert all(ast.get_docstring(ast.parse(m.read_text("utf-8"))) for m in rooms.values())
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["setuptools"]["packages"]) == set(rooms)


def test_importing_a_light_room_loads_no_torch():
    code = ("import sys, sequtils.__main__, sequtils.data.check, sequtils.report.runner\n"
            "assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.ROOT)
