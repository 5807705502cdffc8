"""pyproject.toml, requirements.lock and environment.yml speak of the same dependencies."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from marketing_kpi.text import yaml12

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCK, ENGINES_LOCK, BENCH_LOCK, PANDAS2_LOCK, PIP_LOCK = (
    (ROOT / f"requirements{name}.lock").read_text(encoding="utf-8")
    for name in ("", "-engines", "-bench", "-pandas2", "-pip")
)
# Names that conda-forge gives to packages that PyPI names otherwise.
CONDA_NAMES = {
    "ibis-framework": "ibis-duckdb",
    "duckdb": "python-duckdb",
}


# What conda-forge may not have.
FROM_PYPI = {"genanki"}


def ranges(requirements):
    parsed = map(Requirement, requirements)
    return {canonicalize_name(item.name): item.specifier for item in parsed}


RUNTIME = ranges(PROJECT["dependencies"])
EXTRAS = {name: ranges(items) for name, items in PROJECT["optional-dependencies"].items()}


def pinned(lock=LOCK):
    """Return the versions that a lock pins for each package, over all its markers."""
    found = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", lock, re.M):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


@pytest.mark.parametrize("group", ["runtime", *EXTRAS])
def test_the_lock_pins_every_dependency_within_its_range(group):
    wanted = RUNTIME if group == "runtime" else EXTRAS[group]
    versions = pinned(BENCH_LOCK) if group == "bench" else pinned()
    for name, specifier in wanted.items():
        assert versions.get(name), f"{name} is not in its lock; run `make lock`"
        assert all(version in specifier for version in versions[name]), name


def test_what_is_only_measured_is_not_installed_with_a_report():
    """Both environments of `make bench` are their own: their locks install apart."""
    apart = pinned(BENCH_LOCK)
    assert RUNTIME.keys() <= apart.keys()
    assert {"polars", "clvkit", "pymc-marketing", "mlxtend", "fastapriori"}.isdisjoint(pinned())
    for name, specifier in ranges(PYPROJECT["dependency-groups"]["pandas2"]).items():
        assert all(version in specifier for version in pinned(PANDAS2_LOCK)[name])
        assert name not in pinned() | apart


def test_other_engines_have_a_lock_of_their_own_within_their_ranges():
    versions = pinned(ENGINES_LOCK)
    for name, specifier in ranges(PYPROJECT["dependency-groups"]["engines"]).items():
        assert all(version in specifier for version in versions[name])
        assert name not in pinned(), f"{name} would be installed with every report"


@pytest.mark.parametrize("lock", [ENGINES_LOCK, BENCH_LOCK])
def test_what_both_locks_pin_is_the_same(lock):
    """Engines are installed into the same environment; what is measured is what is released."""
    versions = pinned()
    both = {name: pins for name, pins in pinned(lock).items() if name in versions}
    assert both
    assert all(set(pins) <= set(versions[name]) for name, pins in both.items())


@pytest.mark.parametrize(
    ("lock", "fewest"),
    [(LOCK, 100), (ENGINES_LOCK, 4), (BENCH_LOCK, 150), (PANDAS2_LOCK, 30), (PIP_LOCK, 1)],
)
def test_every_pin_has_its_hashes_and_no_index_is_named(lock, fewest):
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.M)[1:]
    assert len(entries) >= fewest
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?:|index-url|find-links|trusted-host|file:", lock)


def test_the_lock_serves_every_supported_system():
    assert "sys_platform == 'win32'" in LOCK
    assert "sys_platform == 'darwin'" in LOCK
    assert "python_full_version >= '3.12'" in LOCK


def test_conda_asks_for_the_same_ranges():
    environment = yaml12.read(ROOT / "environment.yml").value
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    asked = dict(re.fullmatch(r"([a-z0-9.-]+)(.*)", item).groups() for item in conda)
    python = asked.pop("python")
    assert SpecifierSet(python).contains("3.11")
    assert str(PROJECT["requires-python"]) in python
    assert asked.pop("pip") == ""
    wanted = {
        CONDA_NAMES.get(name, name): spec for name, spec in RUNTIME.items() if name not in FROM_PYPI
    }
    assert {name: SpecifierSet(spec) for name, spec in asked.items()} == wanted
    assert pip[-1] == "--editable ."
    others = {name: RUNTIME[name] for name in FROM_PYPI}
    assert ranges(pip[:-1]) == EXTRAS["samples"] | EXTRAS["site"] | others
