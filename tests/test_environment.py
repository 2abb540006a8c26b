"""pyproject.toml, requirements.lock, environment.yml and what is installed say the same; the house is in order."""

import ast
import re
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement

from sequtils import paths

ORDER = ["paths", "files", "formats", "features", "sample", "cache", "data", "check", "models", "kernels", "training",
         "store", "trials", "evaluation", "zoo", "batches", "feedback", "descent", "recall", "kinds", "activations",
         "jacobians", "dependency", "problems", "limits", "comparison",
         "source", "tables", "plots", "artefacts", "progress", "study", "equations", "pages",
         "rules", "beside", "claims", "provenance", "render", "handin", "runner", "__main__"]


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
    """Names of the project's modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "sequtils":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sequtils."):
            yield node.module.split(".")[1]


@pytest.mark.parametrize("module", sorted((paths.ROOT / "sequtils").glob("*.py")), ids=lambda p: p.stem)
def test_data_flows_one_way(module):
    if module.stem == "__init__":
        return
    for name in imports(module):
        assert ORDER.index(name) < ORDER.index(module.stem), f"{module.stem} imports {name}"
