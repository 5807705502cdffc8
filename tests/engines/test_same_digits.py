"""The same line of code, the same digits: each engine is held against DuckDB.

Every KPI that the demo can compute, and every function of the chapters that asks data something:
a new one is called here by itself, or the test says what it lacks.
"""

import dataclasses
import importlib
import inspect
from decimal import Decimal

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import (
    channels,
    clv,
    experiments,
    finance,
    fulfilment,
    lifecycle,
    prepost,
    retention,
    rfm,
    sales,
    voice,
)
from marketing_kpi.data.model import Data

# What pyspark 4.0 says with pandas 3 of its own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    # pyspark leaves to Python the sockets that its results came through.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
AS_OF, START, ACTION = "2026-01-01", "2025-01-01", "2025-06-30"
YEAR = {"start": START, "end": AS_OF}
CAMPAIGN = "spring_mail"
KPIS = [kpi for kpi in mk.dictionary().kpis if kpi.type != "analysis"]
DOMAINS = sorted({kpi.domain for kpi in KPIS})
DIMENSIONS = sorted({name for kpi in KPIS for name in kpi.dimensions})
CHAPTERS = (
    "baskets", "channels", "clv", "experiments", "finance", "fulfilment", "governance",
    "inventory", "lifecycle", "margins", "overview", "prepost", "retention", "revenue", "rfm",
    "sales", "voice",
)  # fmt: skip


def periods():
    return mk.periods(as_of=AS_OF)


def orders(data):
    return rfm.identified_orders(data)


def summary(data):
    return rfm.summary(orders(data), as_of=AS_OF)


def scores(data):
    return rfm.score(summary(data))


# What the first argument of a function is made of, by its name.
SOURCES = {
    "data": lambda data: data,
    "answers": lambda data: voice.answers(data, question="nps", **YEAR),
    "cohorts": lambda data: retention.cohorts(orders(data), as_of=AS_OF),
    "contacts": lambda data: lifecycle.contacts(data, as_of=AS_OF),
    "histories": lambda data: clv.summary(orders(data), as_of=AS_OF),
    "journeys": lambda data: channels.journeys(data, periods=periods()),
    "members": lambda data: experiments.members(data, campaign=CAMPAIGN, window_days=28),
    "orders": orders,
    "panel": lambda data: prepost.panel(data, **ARGUMENTS["prepost.panel"]),
    "parcels": lambda data: fulfilment.parcel_times(data, **YEAR),
    "profits": lambda data: clv.profitability(data, **YEAR),
    "reconciled": lambda data: finance.reconciliation(data, **YEAR),
    "scores": scores,
    "segments": lambda data: rfm.segment(scores(data)),
    "summary": summary,
    "visits": lambda data: sales.visits(data, **YEAR),
}
# What arguments without a default are, by their names.
GIVEN = {
    "as_of": AS_OF, "calibration_end": "2025-07-01", "campaign": CAMPAIGN, "end": AS_OF,
    "previous_end": START, "previous_start": "2024-01-01", "since": START, "start": START,
}  # fmt: skip
# What they are for one function.
ARGUMENTS = {
    "channels.attribute": {"model": "all"},
    "experiments.balance": {"columns": ["revenue_before"]},
    "experiments.compare": {"outcome": "revenue", "covariate": "revenue_before"},
    "experiments.compare_all": {"outcomes": ["bought", "revenue"]},
    "experiments.homogeneity": {"outcome": "bought"},
    "experiments.incremental": {"cost": 100.0},
    "finance.fighting": {"cost": 20.0},
    "fulfilment.balance": {"by": "channel"},
    "governance.side_by_side": {"kpi": "average_order_value", "new": mk.dictionary()},
    "overview.by_channel": {"kpis": ["net_sales", "orders"]},
    "overview.by_month": {"kpi": "net_sales"},
    "overview.scorecard": {"kpis": ["net_sales", "return_rate_value", "conversion_rate"]},
    "prepost.difference_in_differences": {
        "outcome": "net_sales", "unit": "store_id", "period": "period",
    },
    "prepost.panel": {
        "action": ACTION, "treated": ["S03"], "start": "2025-01-06", "end": "2025-12-29",
    },
    "prepost.propose": {"action": ACTION},
    "prepost.study": {"action": ACTION, "as_of": AS_OF, "treated": ["S03"]},
    "revenue.compared": {"by": "channel"},
    "revenue.mix": {"by": "channel"},
    "sales.branches": {"by": "channel"},
    "voice.answers": {"question": "nps"},
    "voice.nps_by_period": {"grain": "quarter"},
    "voice.reach": {"question": "nps"},
    "voice.score_counts": {"question": "nps"},
    "voice.set_aside": {"question": "nps"},
}  # fmt: skip
# Functions of that first argument that are not called here, and why.
NOT_CALLED = {
    "clv.counts": "of histories, called `summary` there",
    "clv.fit_gamma_gamma": "of histories, called `summary` there",
    "clv.p_alive": "of histories in pandas",
    "experiments.best_segment": "simulates, and reads no data",
    "governance.lacks_proposal": "of an entry to come",
    "lifecycle.purchases": "of settings, inside the others",
    "prepost.conclude": "of other answers",
    "prepost.event_study": "in tests/quasi_experiments/test_engines.py",
    "prepost.holds": "in tests/quasi_experiments/test_engines.py",
    "prepost.parallel_trends": "in tests/quasi_experiments/test_engines.py",
    "prepost.placebo_dates": "in tests/quasi_experiments/test_engines.py",
    "prepost.placebo_groups": "in tests/quasi_experiments/test_engines.py",
    "prepost.regression_to_the_mean": "in tests/quasi_experiments/test_engines.py",
    "retention.frequency_interval": "of days, inside retention.loyalty",
    "revenue.revenue_share": "of segments of its own",
    "sales.plant_fault": "gives data, for a lesson",
    "voice.engagement_counts": "of scores of its own",
    "voice.nps_differences": "of scores of its own",
}
# They ask the data nothing: they read which tables and columns are there.
ASKS_NOTHING = ("can_", "is_", "known", "lacking", "lacks", "told_parts", "untold", "usable")


# Spark takes seconds for each question: of the chapters, some of each kind.
ON_SPARK = (
    "baskets.pairs", "baskets.prices_by", "clv.attrition", "clv.summary", "experiments.compare",
    "retention.cohorts", "rfm.segment",
)  # fmt: skip
REFERENCE = {"postgres": "duckdb", "spark": "few"}
KPIS_ON_SPARK = (
    (
        ("net_sales", "orders", "average_order_value", "gross_margin_rate", "buyers"),
        {"by": ["channel"], "grain": "quarter"},
    ),
    (
        ("repeat_purchase_rate", "purchase_frequency", "return_rate_value", "retention_rate"),
        {"by": ["channel"]},
    ),
)


def public_functions():
    """Return the functions of the chapters that readers call, by chapter and name."""
    found = {}
    for chapter in CHAPTERS:
        module = importlib.import_module(f"marketing_kpi.{chapter}")
        own = [name for name, one in vars(module).items() if is_of(one, module)]
        for name in getattr(module, "__all__", own):
            if inspect.isfunction(one := getattr(module, name)) and not name.startswith("_"):
                found[f"{chapter}.{name}"] = one
    return found


def is_of(one, module):
    return inspect.isfunction(one) and one.__module__ == module.__name__


def asks(name, function):
    """Whether a function asks a question of what one of the sources gives."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.kind is first.KEYWORD_ONLY or first.name not in SOURCES:
        return False
    # A formula has the rows of a fact, and is called by mk.compute.
    if first.annotation in ("Fact", "Rows", "Values"):
        return False
    return name not in NOT_CALLED and not name.split(".")[1].startswith(ASKS_NOTHING)


FUNCTIONS = {name: one for name, one in public_functions().items() if asks(name, one)}


def arguments_of(name, function):
    """Return the arguments by name; those without a default are all known."""
    _, *others = inspect.signature(function).parameters.values()
    wanted = {
        one.name: GIVEN[one.name]
        for one in others
        if one.default is one.empty and one.name in GIVEN
    }
    if "periods" in inspect.signature(function).parameters:
        wanted["periods"] = periods()
    if "rng" in inspect.signature(function).parameters:
        wanted["rng"] = np.random.default_rng(1)
    return wanted | ARGUMENTS.get(name, {})


@pytest.fixture(scope="module")
def answers(open_shop):
    """Return the answer of an engine in plain parts, computed once."""
    sources, found = {}, {}

    def source(engine, name):
        """What functions start from, computed once in the engine."""
        if (engine, name) not in sources:
            made = SOURCES[name](open_shop(engine))
            kept = open_shop(engine).keep(made) if isinstance(made, ir.Table) else made
            sources[engine, name] = kept
        return sources[engine, name]

    def answer(engine, name):
        if (engine, name) not in found:
            function = FUNCTIONS[name]
            first = next(iter(inspect.signature(function).parameters))
            given = source(engine, first)
            found[engine, name] = parts(function(given, **arguments_of(name, function)))
        return found[engine, name]

    return answer


def parts(answer, where=""):
    """Return what an answer is made of, tables and single values, by where they are in it."""
    if isinstance(answer, ir.Expr):
        answer = answer.execute()
    if isinstance(answer, Data) or callable(answer):
        return {}
    if isinstance(answer, pd.DataFrame):
        return {where: in_order(answer)}
    if isinstance(answer, pd.Series):
        return {where: in_order(answer.to_frame("value"))}
    if isinstance(answer, np.ndarray):
        return {where: pd.DataFrame({"value": answer.ravel()})}
    named = items_of(answer)
    if named is None:
        return {where: answer}
    return {
        at: part for name, value in named for at, part in parts(value, f"{where}.{name}").items()
    }


def items_of(answer):
    """Return what a tuple, a list, a dictionary or a record holds, with its names."""
    if hasattr(answer, "_asdict"):
        return answer._asdict().items()
    if dataclasses.is_dataclass(answer):
        return [(field.name, getattr(answer, field.name)) for field in dataclasses.fields(answer)]
    if isinstance(answer, dict):
        return answer.items()
    return enumerate(answer) if isinstance(answer, list | tuple) else None


def in_order(frame):
    """Return a table in an order that no engine chose, its decimals as floats."""
    # Numbers that engines give to journeys, to tell them apart.
    frame = frame.drop(columns="journey", errors="ignore")
    plain = {
        name: frame[name].astype("float64") for name in frame if is_numbers(frame[name].dropna())
    }
    frame = frame.assign(**plain)
    texts = [frame[name].astype(str) for name in frame if name not in plain]
    texts += [frame[name].map("{:.6g}".format) for name in plain]
    if not texts or frame.empty:
        return frame.reset_index(drop=True)
    order = pd.concat(texts, axis=1).set_axis(range(len(texts)), axis=1)
    return frame.loc[order.sort_values([*range(len(texts))]).index].reset_index(drop=True)


def is_numbers(values):
    """Whether a column is of decimals or floats."""
    return bool(len(values)) and isinstance(values.iloc[0], Decimal | float)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for where, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(
                found[where], value, check_dtype=False, rtol=1e-9, atol=1e-12, obj=where
            )
        elif isinstance(value, Decimal | float):
            equal = pytest.approx(float(value), rel=1e-9, abs=1e-12, nan_ok=True)
            assert float(found[where]) == equal, where
        else:
            assert found[where] == value, where


@pytest.fixture(scope="module")
def figures(open_shop):
    """Return KPIs as an engine computes them, once."""
    found = {}

    def compute(engine, ids, **how):
        key = (engine, *ids, *map(str, how.items()))
        if key not in found:
            found[key] = parts(mk.compute(ids, open_shop(engine), **YEAR, **how))
        return found[key]

    return compute


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("engine", ["pandas", "postgres"])
def test_every_kpi_is_the_same(figures, engine, domain):
    ids = [kpi.id for kpi in KPIS if kpi.domain == domain]
    expected = figures("duckdb", ids)
    assert expected[""].notna().any(axis=None)
    assert_same(figures(engine, ids), expected)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("engine", ["pandas", "postgres"])
def test_every_kpi_is_the_same_by_quarter(figures, engine, domain):
    ids = [kpi.id for kpi in KPIS if kpi.domain == domain]
    expected = figures("duckdb", ids, grain="quarter")
    assert len(expected[""]) == 4
    assert_same(figures(engine, ids, grain="quarter"), expected)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("engine", ["postgres"])
def test_a_kpi_of_each_fact_is_the_same_by_dimension(figures, engine, dimension):
    of_facts = {kpi.fact: kpi.id for kpi in KPIS if kpi.fact and dimension in kpi.dimensions}
    ids = list(of_facts.values())
    expected = figures("duckdb", ids, by=[dimension])
    assert len(expected[""])
    assert_same(figures(engine, ids, by=[dimension]), expected)


@pytest.mark.parametrize(("ids", "how"), KPIS_ON_SPARK)
@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_kpis_by_dimension_and_period_are_the_same(figures, engine, ids, how):
    expected = figures(REFERENCE[engine], ids, **how)
    assert len(expected[""]) >= 3
    assert_same(figures(engine, ids, **how), expected)


@pytest.mark.parametrize(
    ("engine", "name"),
    [*(("postgres", name) for name in FUNCTIONS), *(("spark", name) for name in ON_SPARK)],
)
def test_chapters_are_the_same(answers, engine, name):
    assert_same(answers(engine, name), answers(REFERENCE[engine], name))


def test_what_is_said_not_to_be_called_is_there():
    assert public_functions().keys() >= NOT_CALLED.keys() | ARGUMENTS.keys() | set(ON_SPARK)
