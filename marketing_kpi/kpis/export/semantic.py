"""The dictionary as a dbt semantic layer, in the words of MetricFlow.

A formula is not copied by hand: it is run on an empty table with the columns of its fact, and what
it made of them is read back. Each aggregate becomes a measure of a semantic model (a fact), and
the whole a simple, ratio or derived metric. What MetricFlow has no words for is not translated,
and said: `Layer.untranslated`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from marketing_kpi.kpis.compute import columns_read, function_of
from marketing_kpi.kpis.dictionary import Dictionary, Grain, Kpi
from marketing_kpi.kpis.facts import FACTS, Fact
from marketing_kpi.kpis.facts.base import SNAPSHOT_COLUMNS
from marketing_kpi.text.locale import Reader

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir

MODEL_PREFIX = "mk_"
"""What the names of the dbt models of facts begin with."""

ROW = "row"
"""What the primary entity of a semantic model is called after its fact."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "analysis": "an analysis, not an aggregate of rows",
        "unit": "counted a customer, basket or other unit, rebuilt for each period",
        "before_and_after": "compares two periods that move with the one asked",
        "window": "looks back over a window to the end of the period",
        "last": "a stock: the last value of the period, not a sum",
        "snapshot": "a state: reads which days of the period are on record",
        "aggregate": "an aggregate that MetricFlow does not have",
        "period": "reads the length of the period",
        "depends": "made of a KPI that is not translated",
    }
)
"""Why a KPI is not translated."""


class Untranslated(NamedTuple):
    """A KPI that MetricFlow has no words for.

    Attributes
    ----------
    kpi
        Its id.
    reason
        A key of `REASONS`.
    """

    kpi: str
    reason: str


class Layer(NamedTuple):
    """A semantic layer.

    Attributes
    ----------
    models
        The semantic models, one a fact that a metric reads.
    metrics
        The metrics: each translated KPI, and the parts that ratios are made of.
    untranslated
        The KPIs left out, with why.
    """

    models: tuple[Mapping[str, Any], ...]
    metrics: tuple[Mapping[str, Any], ...]
    untranslated: tuple[Untranslated, ...]


class _CannotTranslateError(Exception):
    """A formula holds what MetricFlow has no words for; `reason` is a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Measure:
    agg: str
    expr: str


@dataclass
class _Writer:
    """What has been translated so far."""

    reader: Reader
    dialect: str
    measures: dict[str, dict[_Measure, str]] = field(default_factory=dict)
    """By fact: each measure with its name."""
    simple: dict[tuple[str, _Measure], str] = field(default_factory=dict)
    """The metric of each measure, by fact and measure."""
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)

    def metric_of(self, fact: str, measure: _Measure, name: str, head: Mapping[str, Any]) -> str:
        """Return the simple metric of a measure, made under that name where there is none yet."""
        if (fact, measure) not in self.simple:
            of_fact = self.measures.setdefault(fact, {})
            of_fact[measure] = f"{measure.agg}_of_{name}"
            self.simple[fact, measure] = name
            self.metrics[name] = {
                "name": name,
                **head,
                "type": "simple",
                "type_params": {"measure": of_fact[measure]},
            }
        return self.simple[fact, measure]


def layer(entries: Dictionary, *, lang: str | Reader, dialect: str = "duckdb") -> Layer:
    """Translate the KPIs of a dictionary into semantic models and metrics.

    Parameters
    ----------
    entries
        What `dictionary` or `load` returns.
    lang
        The language of the metrics' labels and descriptions, or a reader.
    dialect
        The SQL of the expressions: any engine that Ibis writes for.

    Returns
    -------
    Layer
        A ratio has its numerator and denominator as metrics of their own, which are the KPIs
        themselves where these are KPIs.

    Examples
    --------
    >>> from marketing_kpi.kpis.dictionary import dictionary
    >>> found = layer(dictionary(), lang="en")
    >>> {m["name"]: m for m in found.metrics}["gross_margin_rate"]["type"]
    'ratio'
    """
    writer = _Writer(Reader.of(lang), dialect)
    left: dict[str, str] = {}
    # Plain aggregates first: a ratio made of them then names the KPI, not a copy of it.
    kpis = sorted(entries.kpis, key=lambda kpi: _is_ratio(kpi) if kpi.type == "simple" else 0)
    for kpi in [kpi for kpi in kpis if kpi.type == "simple"]:
        try:
            _simple(kpi, writer)
        except _CannotTranslateError as refused:
            left[kpi.id] = refused.reason
    left |= {kpi.id: "analysis" for kpi in entries.kpis if kpi.type == "analysis"}
    for kpi in _parents_first(entries):
        try:
            _derived(kpi, writer)
        except _CannotTranslateError as refused:
            left[kpi.id] = refused.reason
    order = {kpi.id: place for place, kpi in enumerate(entries.kpis)}
    return Layer(
        tuple(_model(FACTS[name], writer) for name in FACTS if name in writer.measures),
        tuple(writer.metrics.values()),
        tuple(Untranslated(id, left[id]) for id in sorted(left, key=order.__getitem__)),
    )


def to_yaml(found: Layer) -> str:
    """Return a layer as the YAML of a dbt project, with what it needs and lacks in its head."""
    import yaml

    body = {"semantic_models": list(found.models), "metrics": list(found.metrics)}
    text: str = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"# {line}".rstrip() + "\n" for line in _head(found)) + text


def _head(found: Layer) -> Iterator[str]:
    yield "Semantic layer of the KPI dictionary, for dbt and MetricFlow."
    yield "Made by `marketing-kpi dictionary export`: change the dictionary, not this file."
    yield ""
    yield "What your project must hold:"
    yield "- a time spine by day;"
    for model in found.models:
        name = model["name"]
        yield f"- model {MODEL_PREFIX}{name}: one row is {FACTS[name].grain};"
    yield ""
    yield "A period without a row has no row here, where `compute` gives 0 to sums and counts."
    if found.untranslated:
        yield ""
        yield "Not translated, since MetricFlow has no words for it; use `compute` instead:"
        for item in found.untranslated:
            yield f"- {item.kpi}: {REASONS[item.reason]}"


# --- Metrics --------------------------------------------------------------------------------


def _simple(kpi: Kpi, writer: _Writer) -> None:
    fact = FACTS[str(kpi.fact)]
    if reason := _out_of_reach(kpi, fact):
        raise _CannotTranslateError(reason)
    formula = _formula(kpi)
    parts = _aggregates(formula.op())
    measures = {node: _measure(node, writer.dialect) for node in parts}
    head = _metric_head(kpi, writer.reader)
    if parts == [formula.op()]:
        (measure,) = measures.values()
        if writer.metric_of(fact.name, measure, kpi.id, head) != kpi.id:
            writer.metrics[kpi.id] = _renamed(kpi, head, writer.simple[fact.name, measure])
        return
    names = {
        node: writer.metric_of(
            fact.name, measure, f"{kpi.id}_part_{place}", _part_head(kpi, place, writer.reader)
        )
        for place, (node, measure) in enumerate(measures.items(), start=1)
    }
    params = _of_metrics(formula, names, writer.dialect)
    writer.metrics[kpi.id] = {"name": kpi.id, **head, **params}


def _derived(kpi: Kpi, writer: _Writer) -> None:
    import ibis
    import ibis.expr.operations as ops

    if any(id not in writer.metrics for id in kpi.depends_on):
        raise _CannotTranslateError("depends")
    columns = dict.fromkeys((*kpi.depends_on, "period_months"), "float64")
    table = ibis.table(columns, name="metrics")
    values = SimpleNamespace(**{name: table[name] for name in columns})
    formula = function_of(kpi)(values)
    names = {table[name].op(): name for name in columns}
    read = {node for node in formula.op().find(ops.Field) if node in names}
    if table.period_months.op() in read:
        raise _CannotTranslateError("period")
    params = _of_metrics(formula, {n: names[n] for n in names if n in read}, writer.dialect)
    writer.metrics[kpi.id] = {"name": kpi.id, **_metric_head(kpi, writer.reader), **params}


def _out_of_reach(kpi: Kpi, fact: Fact) -> str | None:
    if fact.by_unit is not None or fact.prepare is not None:
        return "unit"
    if fact.span != "period":
        return "before_and_after"
    if kpi.window is not None:
        return "window"
    if not columns_read(kpi).isdisjoint(SNAPSHOT_COLUMNS):
        return "snapshot"
    return "last" if kpi.over_time == "last" else None


def _formula(kpi: Kpi) -> ir.Value:
    import ibis

    fact = FACTS[str(kpi.fact)]
    formula: ir.Value = function_of(kpi)(ibis.table(fact.columns, name=fact.name))
    return formula


def _is_ratio(kpi: Kpi) -> bool:
    import ibis.expr.operations as ops

    return not isinstance(_formula(kpi).op(), ops.Reduction)


def _parents_first(entries: Dictionary) -> list[Kpi]:
    """Return the derived KPIs, each after those that it depends on."""
    ordered: dict[str, Kpi] = {}

    def add(kpi: Kpi) -> None:
        for id in kpi.depends_on:
            add(entries.kpi(id))
        if kpi.type == "derived":
            ordered.setdefault(kpi.id, kpi)

    for kpi in entries.kpis:
        add(kpi)
    return list(ordered.values())


def _aggregates(node: ops.Node) -> list[ops.Node]:
    """Return the aggregates of a formula, in the order in which it names them."""
    import ibis.expr.operations as ops

    found: dict[ops.Node, None] = {}

    def walk(one: Any) -> None:
        if isinstance(one, ops.Reduction):
            found.setdefault(one)
        elif isinstance(one, ops.Node):
            for argument in one.args:
                walk(argument)
        elif isinstance(one, tuple):
            for argument in one:
                walk(argument)

    walk(node)
    return list(found)


_AGGREGATES = {
    "Sum": "sum",
    "Min": "min",
    "Max": "max",
    "Mean": "average",
    "Count": "count",
    "CountStar": "count",
    "CountDistinct": "count_distinct",
    "Median": "median",
}


def _measure(node: Any, dialect: str) -> _Measure:
    import ibis

    agg = _AGGREGATES.get(type(node).__name__)
    if agg is None:
        raise _CannotTranslateError("aggregate")
    counts_rows = type(node).__name__ == "CountStar"
    argument = ibis.literal(1, type="int8") if counts_rows else node.arg.to_expr()
    if agg == "sum" and argument.type().is_boolean():
        argument = ibis.cases((argument, 1), (~argument, 0))
    if node.where is not None:
        argument = ibis.cases((node.where.to_expr(), argument))
    return _Measure(agg, _sql(argument, dialect))


def _of_metrics(formula: Any, names: Mapping[Any, str], dialect: str) -> dict[str, Any]:
    """Return type and parameters of a metric made of others: a ratio where it is just that."""
    if (pair := _quotient(formula.op(), names)) is not None:
        return {
            "type": "ratio",
            "type_params": {part: {"name": name} for part, name in zip(_RATIO, pair, strict=True)},
        }
    expr = _sql(_in_metrics(formula, names), dialect)
    inputs = [{"name": name} for name in dict.fromkeys(names.values())]
    return {"type": "derived", "type_params": {"expr": expr, "metrics": inputs}}


_RATIO = ("numerator", "denominator")


def _quotient(node: Any, names: Mapping[Any, str]) -> tuple[str, str] | None:
    """Return what `formulas.ratio` divided by what, where both are metrics."""
    import ibis.expr.operations as ops

    if not isinstance(node, ops.Divide) or not isinstance(node.right, ops.NullIf):
        return None
    above, below = (_without_cast(side) for side in (node.left, node.right.arg))
    if above in names and below in names:
        return names[above], names[below]
    return None


def _without_cast(node: Any) -> Any:
    import ibis.expr.operations as ops

    return node.arg if isinstance(node, ops.Cast) else node


def _in_metrics(formula: Any, names: Mapping[Any, str]) -> ir.Value:
    """Return a formula with each aggregate replaced by the metric that holds it."""
    import ibis

    table = ibis.table({name: node.dtype for node, name in names.items()}, name="metrics")
    fields = {node: table[name].op() for node, name in names.items()}
    found: ir.Value = formula.op().replace(fields).to_expr()
    return found


def _sql(value: ir.Value, dialect: str) -> str:
    """Return the SQL of a value, its columns called by their bare names."""
    import ibis
    import sqlglot
    import sqlglot.expressions as sge

    statement = sqlglot.parse_one(ibis.to_sql(value.name("it"), dialect=dialect), read=dialect)
    select = statement.find(sge.Select)
    assert select is not None
    expression = select.expressions[0].unalias()
    for column in list(expression.find_all(sge.Column)):
        if column is not expression:
            column.replace(sge.column(column.name))
    if isinstance(expression, sge.Column):
        return expression.name
    return str(expression.sql(dialect=dialect))


def _metric_head(kpi: Kpi, reader: Reader) -> dict[str, Any]:
    lang = reader.lang
    meta: dict[str, Any] = {
        "domain": kpi.domain,
        "unit": kpi.unit,
        "direction": kpi.direction,
        "owner": kpi.owner,
        "version": kpi.version,
        "status": kpi.status,
    }
    if kpi.replaced_by is not None:
        meta["replaced_by"] = kpi.replaced_by
    if kpi.retires_on is not None:
        meta["retires_on"] = kpi.retires_on
    return {
        "label": kpi.name[lang],
        "description": kpi.definition[lang],
        "config": {"meta": meta},
    }


def _part_head(kpi: Kpi, place: int, reader: Reader) -> dict[str, Any]:
    return {"label": f"{kpi.name[reader.lang]} ({place})"}


def _renamed(kpi: Kpi, head: Mapping[str, Any], same: str) -> dict[str, Any]:
    """Return a KPI that is another metric under its own name."""
    params = {"expr": same, "metrics": [{"name": same}]}
    return {"name": kpi.id, **head, "type": "derived", "type_params": params}


# --- Semantic models ------------------------------------------------------------------------


def _model(fact: Fact, writer: _Writer) -> dict[str, Any]:
    keys = [name for name in fact.events if _is_key(name, fact)]
    time = _time(fact)
    categories = [name for name in fact.dimensions if name not in keys]
    return {
        "name": fact.name,
        "description": f"One row: {fact.grain}.",
        "model": f"ref('{MODEL_PREFIX}{fact.name}')",
        "defaults": {"agg_time_dimension": time["name"]},
        "primary_entity": f"{fact.name}_{ROW}",
        "entities": [{"name": name, "type": "foreign"} for name in keys],
        "dimensions": [time, *({"name": name, "type": "categorical"} for name in categories)],
        "measures": [
            {"name": name, "agg": measure.agg, "expr": measure.expr}
            for measure, name in writer.measures[fact.name].items()
        ],
    }


def _time(fact: Fact) -> dict[str, Any]:
    is_reserved = fact.time in get_args(Grain)  # a granularity, which no dimension may be named
    name = {"name": f"{fact.name}_{fact.time}"} if is_reserved else {"name": fact.time}
    granularity = "month" if fact.whole_months else "day"
    kind = {"type": "time", "type_params": {"time_granularity": granularity}}
    return {**name, **({"expr": fact.time} if is_reserved else {}), **kind}


def _is_key(name: str, fact: Fact) -> bool:
    """Say whether a column tells rows of another table apart, and so is an entity."""
    column = fact.events[name]
    return name.endswith("_id") and not column.measure and column.type == "string"
