"""Imports run one way: from what people run down to what everything uses."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "marketing_kpi"
# From the top down; a module may import its own layer and those below. Modules at the root of
# the package that are not named here are chapters.
LAYERS = (
    ("cli",),
    ("report", "learn", "lessons"),
    ("plots",),
    ("chapters",),
    (
        "accounts",
        "assortment",
        "dispatch",
        "attribution",
        "growth",
        "matching",
        "models",
        "promotions",
        "quasi_experiments",
        "selling",
        "spending",
        "stages",
        "stock",
        "trials",
        "worth",
    ),
    ("kpis",),
    ("data",),
    ("text", "errors"),
)
DEPTH = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}


def room_of(parts):
    """Return the layer of a module, given the parts of its name after the package's."""
    return parts[0] if parts[0] in DEPTH else "chapters"


def imported(path, package):
    """Yield the parts of every module of the package that a file imports, wherever it does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    folder = path.relative_to(package.parent).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = list(folder[: len(folder) - node.level + 1]) if node.level else []
            module = above + (node.module.split(".") if node.module else [])
            names = [[*module, alias.name] for alias in node.names]
        else:
            continue
        yield from (name[1:] for name in names if name[0] == package.name and len(name) > 1)


def against_the_rule(path, package=PACKAGE):
    """Return the imports of a file that climb to a higher layer."""
    parts = path.relative_to(package).with_suffix("").parts
    if parts == ("__init__",):  # the public names, loaded from any room when first used
        return []
    depth = DEPTH[room_of(parts)]
    targets = (target for target in imported(path, package) if not target[0].startswith("__"))
    return [".".join(target) for target in targets if DEPTH[room_of(target)] < depth]


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_its_layer_and_those_below(path):
    assert against_the_rule(path) == []


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("data/model.py", "from marketing_kpi.kpis import compute"),
        ("kpis/frames.py", "def f():\n    from marketing_kpi.sales import orders"),
        ("sales.py", "import marketing_kpi.plots.rfm"),
        ("models/bg_nbd.py", "from marketing_kpi import clv"),
        ("plots/style.py", "from ..report import render"),
        ("text/locale.py", "from marketing_kpi import sales"),
        ("errors.py", "from .data.model import Data"),
    ],
)
def test_the_rule_finds_an_import_that_climbs(tmp_path, where, line):
    package = tmp_path / "marketing_kpi"
    path = package / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line, encoding="utf-8")
    assert against_the_rule(path, package)
