"""The dbt semantic layer: MetricFlow's schema accepts it, and its numbers are those of `compute`.

`tests/reference/metricflow_schema.json` is the schema that MetricFlow publishes: the file
parsing/generated_json_schemas/default_explicit_schema.json of dbt-labs/dbt-semantic-interfaces
0.10.5, Apache License 2.0. Its own parser is no dependency: it asks for another version of click.
"""

import json
import re
from pathlib import Path

import duckdb
import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml

import marketing_kpi as mk
from marketing_kpi.kpis.compute import columns_read
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.export import semantic
from marketing_kpi.kpis.facts import FACTS

SCHEMA = Path(__file__).parents[2] / "reference" / "metricflow_schema.json"
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
AGGREGATES = {
    "sum": "sum({})",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "average": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "median": "median({})",
}


@pytest.fixture(scope="module")
def layer():
    """What is read back from the YAML, as dbt reads it."""
    return yaml.safe_load(semantic.to_yaml(semantic.layer(dictionary(), lang="fr")))


@pytest.fixture(scope="module")
def untranslated():
    return dict(semantic.layer(dictionary(), lang="fr").untranslated)


@pytest.fixture(scope="module")
def validator():
    """Of the schema without its ``$id``s, by which its own references would go astray today."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for definition in schema["definitions"].values():
        definition.pop("$id", None)
    return jsonschema.Draft7Validator(schema)


def documents(layer):
    """Return the objects one by one as MetricFlow takes them, a dbt model in a schema `main`."""
    for model in layer["semantic_models"]:
        alias = re.fullmatch(r"ref\('(\w+)'\)", model["model"])[1]
        rest = {key: value for key, value in model.items() if key != "model"}
        yield {"semantic_model": rest | {"node_relation": {"alias": alias, "schema_name": "main"}}}
    for metric in layer["metrics"]:
        yield {"metric": metric}


def test_metricflows_own_schema_accepts_it(layer, validator):
    found = {str(error.message) for one in documents(layer) for error in validator.iter_errors(one)}
    assert found == set()


def test_the_schema_refuses_what_is_wrong(layer, validator):
    metric = {**layer["metrics"][0], "kind": "simple"}
    assert not validator.is_valid({"metric": metric})


def test_every_kpi_is_a_metric_or_named_with_a_reason(layer, untranslated):
    metrics = {metric["name"] for metric in layer["metrics"]}
    kpis = {kpi.id for kpi in dictionary().kpis}
    assert kpis - metrics == untranslated.keys()
    assert not untranslated.keys() & metrics
    assert set(untranslated.values()) <= semantic.REASONS.keys()
    head = semantic.to_yaml(semantic.layer(dictionary(), lang="en")).partition("semantic_models")[0]
    assert all(f"# - {kpi}: " in head for kpi in untranslated)
    assert untranslated["repeat_purchase_rate"] == "unit"
    assert untranslated["rfm_score"] == "analysis"
    assert untranslated["customer_lifespan"] == "depends"


def test_names_of_measures_and_metrics_are_used_once(layer):
    measures = [m["name"] for model in layer["semantic_models"] for m in model["measures"]]
    metrics = [metric["name"] for metric in layer["metrics"]]
    assert len(measures) == len(set(measures))
    assert len(metrics) == len(set(metrics))
    simple = [m["type_params"]["measure"] for m in layer["metrics"] if m["type"] == "simple"]
    assert sorted(simple) == sorted(measures)


def test_no_dimension_has_the_name_of_a_granularity(layer):
    names = [
        dimension["name"] for model in layer["semantic_models"] for dimension in model["dimensions"]
    ]
    assert not {"day", "week", "month", "quarter", "year"} & {*names}


def test_a_ratio_names_its_two_metrics(layer):
    metrics = {metric["name"]: metric for metric in layer["metrics"]}
    params = metrics["gross_margin_rate"]["type_params"]
    parts = [metrics[params[part]["name"]] for part in ("numerator", "denominator")]
    measures = {m["name"]: m for model in layer["semantic_models"] for m in model["measures"]}
    assert [measures[part["type_params"]["measure"]]["agg"] for part in parts] == ["sum", "sum"]
    assert metrics["net_sales"]["config"]["meta"]["owner"] == dictionary()["net_sales"].owner


# --- The numbers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_month(layer):
    """Every metric of the layer by month on the demo, computed from the YAML and nothing else."""
    boreal = mk.demo()
    parts = pd.DataFrame(index=pd.date_range("2025-01-01", periods=12, freq="MS"))
    simple = {m["type_params"]["measure"]: m["name"] for m in layer["metrics"]
              if m["type"] == "simple"}  # fmt: skip
    for model in layer["semantic_models"]:
        fact = FACTS[model["name"]]
        aggregates = ", ".join(
            f"{AGGREGATES[m['agg']].format(m['expr'])} as {simple[m['name']]}"
            for m in model["measures"]
        )
        read = {name for kpi in TRANSLATED for name in read_of(kpi, fact.name)}
        rows = fact.build(boreal, read | {fact.time}).alias(f"made_{fact.name}")
        found = rows.sql(
            f"select date_trunc('month', {fact.time}) as period, {aggregates} "
            f"from made_{fact.name} "
            f"where {fact.time} >= '2025-01-01' and {fact.time} < '2026-01-01' group by 1"
        ).execute()
        found["period"] = pd.to_datetime(found["period"])
        parts = parts.join(found.set_index("period").astype("float64"))
    return with_composed(parts, layer)


def read_of(kpi, fact):
    """Return the columns that a translated KPI reads of a fact."""
    entry = dictionary()[kpi]
    return columns_read(entry) if entry.fact == fact else ()


def with_composed(parts, layer):
    """Add ratios and derived metrics, each once what it is made of is there."""
    waiting = [metric for metric in layer["metrics"] if metric["name"] not in parts]
    while waiting:
        metric = waiting.pop(0)
        params = metric["type_params"]
        if metric["type"] == "ratio":
            above, below = params["numerator"]["name"], params["denominator"]["name"]
            made_of, expr = {above, below}, f"{above} / nullif({below}, 0)"
        else:
            made_of, expr = {item["name"] for item in params["metrics"]}, params["expr"]
        if not made_of <= {*parts}:
            waiting.append(metric)
            continue
        columns = parts[sorted(made_of)].reset_index(drop=True)
        with duckdb.connect() as connection:
            connection.register("columns", columns.assign(place=range(len(columns))))
            found = connection.sql(f"select {expr} as value from columns order by place").df()
        parts = parts.assign(**{metric["name"]: found["value"].to_numpy(dtype="float64")})
    return parts


TRANSLATED = sorted(
    {kpi.id for kpi in dictionary().kpis}
    - {item.kpi for item in semantic.layer(dictionary(), lang="en").untranslated}
)


@pytest.fixture(scope="module")
def computed():
    table = mk.compute(TRANSLATED, mk.demo(), grain="month", **YEAR).execute()
    return table.set_index(pd.to_datetime(table["period"])).drop(columns="period").astype("float64")


@pytest.mark.parametrize("kpi", TRANSLATED)
def test_a_metric_gives_what_compute_gives(kpi, by_month, computed):
    """A period without a row is null there and 0 here, as the head of the YAML says."""
    ours, theirs = computed[kpi].to_numpy(), by_month[kpi].to_numpy()
    if dictionary()[kpi].zero_when_empty:
        theirs = np.where(np.isnan(theirs), 0.0, theirs)
        ours = np.where(np.isnan(ours), 0.0, ours)
    np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9)


def test_it_is_compared_on_values_that_differ(computed):
    assert computed["net_sales"].nunique() == 12
    assert len(TRANSLATED) > 40
