"""The package as it is installed: light to import, whole in its public names."""

import subprocess
import sys

import pytest

import marketing_kpi as mk

HEAVY = {"pandas", "ibis", "duckdb", "matplotlib", "scipy", "statsmodels", "papermill", "babel"}


def test_importing_the_package_loads_no_heavy_library():
    code = "import sys, marketing_kpi; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY.intersection(loaded)


@pytest.mark.parametrize("name", mk.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(mk, name)
    assert value.__doc__


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'kpi'"):
        _ = mk.kpi
