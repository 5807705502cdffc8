"""The worked example of an entry, run through the engine."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from marketing_kpi.errors import ComputeError, DictionaryError, MarketingKpiError, unknown
from marketing_kpi.kpis.compute import columns_read, function_of
from marketing_kpi.kpis.dictionary import Kpi
from marketing_kpi.kpis.facts import FACTS, Fact
from marketing_kpi.text.math import mathml

if TYPE_CHECKING:
    import ibis.expr.types as ir

TOLERANCE = 1e-9


class Fault(NamedTuple):
    """What fails in an entry.

    Attributes
    ----------
    code
        ``bad_formula``, ``bad_callable``, ``unknown_fact``, ``unknown_dimension``,
        ``unknown_column``, ``wrong_window`` or ``wrong_example``.
    field
        The field of the entry to look at.
    message
        What was found and what was expected.
    """

    code: str
    field: str
    message: str


def fault(kpi: Kpi) -> Fault | None:
    """Show the formula of an entry, import its callable, run its example; return what fails."""
    if wrong := _fault_of_formula(kpi.formula):
        return wrong
    try:
        function_of(kpi)
    except ComputeError as error:
        return Fault("bad_callable", "callable", error.message)
    if kpi.type == "simple" and (wrong := _fault_of_fact(kpi)):
        return wrong
    try:
        found = run(kpi)
    except MarketingKpiError as error:
        return Fault("wrong_example", "example", f"the example cannot be run: {error.message}")
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return Fault("wrong_example", "example", f"the example cannot be run: {error!r}")
    if same(found, kpi.example.expect):
        return None
    message = f"the example gives {found!r}, but expects {kpi.example.expect!r}"
    return Fault("wrong_example", "example", message)


def _fault_of_formula(formula: str) -> Fault | None:
    """Convert a formula as a page does; the converter itself lets some mistakes through."""
    braces = re.sub(r"\\[{}]", "", formula)
    if braces.count("{") != braces.count("}"):
        return Fault("bad_formula", "formula", f"braces of {formula!r} do not match")
    try:
        shown = mathml(formula)
    except DictionaryError as error:
        return Fault("bad_formula", "formula", error.message)
    if command := re.search(r"\\\w+", shown):
        return Fault("bad_formula", "formula", f"unknown command {command[0]} in {formula!r}")
    return None


def _fault_of_fact(kpi: Kpi) -> Fault | None:
    if (fact := FACTS.get(str(kpi.fact))) is None:
        return Fault("unknown_fact", "fact", "; ".join(unknown("fact", str(kpi.fact), FACTS)))
    if kpi.time != fact.time:
        return Fault("unknown_column", "time", f"the time of {fact.name} is '{fact.time}'")
    if kpi.window and fact.span != "period":
        return Fault("wrong_window", "window", f"{fact.name} has its own window: write null")
    if kpi.within != fact.within:
        return Fault(
            "wrong_window", "within", f"{fact.name} counts within: {fact.within or 'null'}"
        )
    for name in kpi.dimensions:
        if name not in fact.dimensions:
            message = "; ".join(unknown("dimension", name, fact.dimensions, where=fact.name))
            return Fault("unknown_dimension", "dimensions", message)
    try:
        columns_read(kpi)
    except AttributeError as error:
        return Fault("unknown_column", "callable", f"{kpi.callable} on {fact.name}: {error}")
    return None


def run(kpi: Kpi) -> Any:
    """Return what the example of an entry gives."""
    given = kpi.example.given
    if kpi.type == "simple":
        return _on_rows(kpi, FACTS[str(kpi.fact)], given)
    if kpi.type == "derived":
        return _on_values(kpi, given)
    arguments = {name: _table_or_value(value) for name, value in given.items()}
    function = function_of(kpi)
    first, *_ = inspect.signature(function).parameters.values()
    if first.name in arguments and first.kind is not inspect.Parameter.KEYWORD_ONLY:
        return function(arguments.pop(first.name), **arguments)
    return function(**arguments)


def _on_rows(kpi: Kpi, fact: Fact, given: Mapping[str, Any]) -> Any:
    for name in given:
        if name not in fact.columns:
            raise ComputeError("; ".join(unknown("column", name, fact.columns, where=fact.name)))
    for name in sorted(columns_read(kpi)):
        if name not in given:
            raise ComputeError(f"'given' lacks the column '{name}' that the formula reads")
    return _plain(function_of(kpi)(rows_of(fact, given)))


def rows_of(fact: Fact, given: Mapping[str, Any]) -> ir.Table:
    """Return the rows of a fact; a value that is not a list stands on every row."""
    import ibis
    import pyarrow as pa

    lengths = {name: len(value) for name, value in given.items() if isinstance(value, list)}
    if len({*lengths.values()}) > 1:
        raise ComputeError(f"the columns of 'given' have different lengths: {lengths}")
    size = next(iter(lengths.values()), 1)
    columns = {
        name: value if isinstance(value, list) else [value] * size for name, value in given.items()
    }
    rows = ibis.memtable(pa.table({n: pa.array(values) for n, values in columns.items()}))
    return rows.cast({name: fact.columns[name] for name in columns})


def _on_values(kpi: Kpi, given: Mapping[str, Any]) -> Any:
    import ibis

    known = (*kpi.depends_on, "period_months")
    for name in given:
        if name not in known:
            raise ComputeError("; ".join(unknown("KPI", name, known, where="depends_on")))
    values = {name: ibis.literal(value, type="float64") for name, value in given.items()}
    return _plain(function_of(kpi)(SimpleNamespace(**values)))


def _plain(value: ir.Scalar) -> Any:
    found = value.cast("float64").execute()
    return None if found is None or math.isnan(found) else float(found)


def _table_or_value(value: Any) -> Any:
    import pandas as pd

    if isinstance(value, Mapping) and value and all(isinstance(v, list) for v in value.values()):
        return pd.DataFrame(value)
    return value


def same(found: Any, expected: Any) -> bool:
    """Return whether a result is what an example expects: numbers within 1e-9 relative.

    >>> same(0.1 + 0.2, 0.3), same(None, 0), same("545", "545")
    (True, False, True)
    """
    import pandas as pd

    if isinstance(found, pd.DataFrame) and isinstance(expected, Mapping):
        return all(same(list(found[name]), values) for name, values in expected.items())
    if isinstance(expected, list):
        values = list(found)
        return len(values) == len(expected) and all(map(same, values, expected))
    if expected is None or found is None:
        return found is None and expected is None
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(found == expected)
