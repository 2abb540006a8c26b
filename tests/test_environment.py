"""All files that name Pythons and versions say the same, as does what is installed; the house is in order."""

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

from sequtils import environment, paths
from sequtils.__main__ import TESTS

ROOMS = ["paths", "schemas", "text", "fonts", "stopping", "files", "terminal", "environment", "data", "models",
         "engine", "trials", "classifier", "intervals", "statistics", "results", "measures", "original", "notebook",
         "live", "report", "__main__"]  # as the data goes
PACKAGE = paths.ROOT / "sequtils"
MODULES = sorted(PACKAGE.rglob("*.py"))


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read(name):
    return (paths.ROOT / name).read_text("utf-8")


def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def pythons():
    """The Pythons that the project takes, such as "3.11"."""
    return [f"3.{minor}" for minor in environment.supported()]


def pins(lines):
    """Name -> exact version of requirement lines `name==version`, of those that are for this machine."""
    return locked(map(Requirement, lines), None)


def locked(wanted, machine):
    """Name -> exact version of requirements, of those that are for a machine, given as the values of its markers."""
    chosen = [r for r in wanted if r.marker is None or r.marker.evaluate(machine)]
    assert all(str(r.specifier).startswith("==") for r in chosen)
    assert len({normal(r.name) for r in chosen}) == len(chosen)
    return {normal(r.name): str(r.specifier)[2:] for r in chosen}


def lock_lines():
    lines = read("requirements.lock").splitlines() + read("requirements-torch.lock").splitlines()
    return [line.removesuffix("\\") for line in lines if line and line[0] not in "# "]


def lock():
    return pins(lock_lines())


def direct():
    wanted = project()["dependencies"] + project()["optional-dependencies"]["cluster"]
    return {normal(r.name): r.specifier for r in map(Requirement, wanted)}


def conda():
    return yaml.safe_load(read("environment.yml"))["dependencies"]


@pytest.mark.parametrize("python", ["3.11.0", "3.11.5", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("system", [("linux", "posix"), ("darwin", "posix"), ("win32", "nt")], ids=lambda s: s[0])
def test_the_lock_has_one_version_of_each_direct_dependency_for_every_machine(python, system):
    machine = {"python_full_version": python, "python_version": python.rsplit(".", 1)[0],
               "sys_platform": system[0], "os_name": system[1]}
    versions = locked(map(Requirement, lock_lines()), machine)
    for name, specifier in direct().items():
        assert specifier.contains(versions[name]), name


def test_conda_gets_the_direct_dependencies_in_the_locked_versions():
    listed = pins(next(entry for entry in conda() if isinstance(entry, dict))["pip"])
    assert listed == {name: lock()[name] for name in direct()}


def test_every_file_names_the_same_pythons():
    oldest, newest = pythons()[0], pythons()[-1]
    assert f"Python {oldest} to {newest}" in read("README.md")
    makefile = read("Makefile")
    assert f"python{' python'.join(reversed(pythons()))} python3" in makefile
    assert f"Python {oldest} to {newest}" in makefile
    assert f"(3, {oldest[2:]}) <= sys.version_info < (3, {int(newest[2:]) + 1})" in makefile
    jobs = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == pythons()
    preferred = read(".python-version").strip()  # what pyenv and uv take, conda and Binder too
    assert preferred in pythons()
    assert f"python={preferred}" in conda()
    assert read(".binder/runtime.txt").strip() == f"python-{preferred}"


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
    assert "://" not in read("requirements.lock") + read("requirements-torch.lock")


def test_the_lock_has_hashes_of_every_package_but_pytorch():
    entry = re.compile(r"^(\S+)==.*((?:\n    --hash=sha256:[0-9a-f]{64}.*)*)$", re.MULTILINE)
    entries = entry.findall(read("requirements.lock"))
    assert len(entries) > 100 and all(hashes for _, hashes in entries)
    assert lock().keys() - {normal(name) for name, _ in entries} == {"torch"}
    assert not [line for line in lock_lines() if "--" in line or line.startswith("-")]


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
    assert set(tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["packages"]) == set(rooms)


def test_each_mark_of_tests_has_its_command_and_make_has_each_command():
    marks = tomllib.loads(read("pyproject.toml"))["tool"]["pytest"]["ini_options"]["markers"]
    assert {mark for mark, _ in TESTS.values()} == {None, *(line.split(":")[0] for line in marks)}
    targets = re.search("^COMMANDS = (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    assert set(TESTS) <= set(targets)
    assert all(f"make {command} " in read("README.md") for command in TESTS)


def test_importing_a_light_room_loads_no_torch():
    code = ("import sys, sequtils.__main__, sequtils.data.check, sequtils.report.runner\n"
            "assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.ROOT)


def test_the_command_line_needs_no_package_to_set_one_up():
    """-S: without site-packages."""
    subprocess.run([sys.executable, "-S", "-c", "import sequtils.__main__"], check=True, cwd=paths.ROOT)


@pytest.mark.parametrize("name", ["__init__", "__main__", "environment", "paths", "terminal"])
def test_an_old_python_understands_as_much_as_it_takes_to_say_so(name):
    ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"), feature_version=(3, 7))
