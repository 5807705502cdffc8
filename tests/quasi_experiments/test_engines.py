"""The queries of panels are written for every engine, not for one."""

import ibis
import pytest

from marketing_kpi.quasi_experiments import collapse, paired, trends
from marketing_kpi.quasi_experiments.collapse import Columns, rows
from marketing_kpi.quasi_experiments.regression import _halves

PANEL = ibis.table(
    {
        "store": "string",
        "week": "date",
        "treated": "boolean",
        "after": "int64",
        "sales": "float64",
        "side": "string",
    },
    name="panel",
)
NAMED = rows(PANEL, Columns("sales", "treated", "after", "store", "week"))
SIDED = paired._sided(
    PANEL, outcome="sales", period="side", sides=("before", "after"), unit="store"
)
PAIRS = paired._pairs(SIDED)
CENTRED = collapse.centred(NAMED, "y", keys=["treated", "after"])
QUERIES = {
    "sums": collapse._sums(NAMED, ["unit", "treated", "after"]),
    "squares": CENTRED.group_by(["treated", "after"]).aggregate(
        squares=collapse.sum_of_squares(CENTRED)
    ),
    "gaps": trends._gaps(NAMED),
    "slopes": trends._slopes(NAMED),
    "lengths": trends._lengths(NAMED),
    "halves": _halves(NAMED),
    "counts": paired._counts(SIDED),
    "side_sums": paired._side_sums(SIDED),
    "pair_sums": paired._pair_sums(PAIRS),
    "cells": paired._cells(PAIRS),
}


@pytest.mark.parametrize("engine", ["duckdb", "databricks", "postgres", "snowflake", "bigquery"])
@pytest.mark.parametrize("name", QUERIES)
def test_every_engine_has_its_sql(name, engine):
    assert "SELECT" in str(ibis.to_sql(QUERIES[name], dialect=engine))
