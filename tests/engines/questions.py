"""What engines are asked, and what their answers are made of: every KPI, every chapter function.

A new function of a chapter is found by itself; what it is called with is told by its arguments.
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


class Asked:
    """The questions put to data of engines; an answer, and what several start from, come once.

    Parameters
    ----------
    shops
        The data of each engine, by its name.
    """

    def __init__(self, shops):
        self._shops, self._sources, self._found = shops, {}, {}

    def chapter(self, engine, name):
        """Return what a function of a chapter answers, in plain parts."""
        if (engine, name) not in self._found:
            function = FUNCTIONS[name]
            first = next(iter(inspect.signature(function).parameters))
            given = self._source(engine, first)
            self._found[engine, name] = parts(function(given, **arguments_of(name, function)))
        return self._found[engine, name]

    def kpis(self, engine, ids, **how):
        """Return KPIs of the year, in plain parts."""
        key = (engine, *ids, *map(str, how.items()))
        if key not in self._found:
            self._found[key] = parts(mk.compute(ids, self._shops(engine), **YEAR, **how))
        return self._found[key]

    def _source(self, engine, name):
        """Return what functions start from, computed once in the engine."""
        if (engine, name) not in self._sources:
            data = self._shops(engine)
            made = SOURCES[name](data)
            kept = data.keep(made) if isinstance(made, ir.Table) else made
            self._sources[engine, name] = kept
        return self._sources[engine, name]


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


def largest_difference(found, expected):
    """Return the largest difference between two answers of the same shape, as a share."""
    pairs = [pair for where, value in expected.items() for pair in numbers(found[where], value)]
    return max((abs(one - other) / (abs(other) or 1) for one, other in pairs), default=0.0)


def numbers(found, expected):
    """Return the numbers of a part beside those expected, what is null or infinite left out."""
    if isinstance(expected, pd.DataFrame):
        columns = [name for name in expected if is_numbers(expected[name].dropna())]
        pairs = [pair for name in columns for pair in zip(found[name], expected[name], strict=True)]
    else:
        pairs = [(found, expected)] if isinstance(expected, Decimal | float) else []
    plain = [
        (float(one), float(other)) for one, other in pairs if pd.notna(one) and pd.notna(other)
    ]
    return [pair for pair in plain if np.isfinite(pair).all()]
