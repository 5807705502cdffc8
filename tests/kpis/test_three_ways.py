"""Every KPI by hand, on pandas, on DuckDB and by its SQL run outside: the same digits."""

import importlib.util
import math
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb
import pandas as pd
import pytest

import marketing_kpi as mk


def sibling(name):
    """Import a module from beside this one: pytest does not put it on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


by_hand, shops = sibling("by_hand"), sibling("shops")

KPIS = {kpi.id: kpi for kpi in mk.dictionary().kpis if kpi.type != "analysis"}
DEMO = Path(__file__).parents[2] / "data" / "demo"
WAYS = ("pandas", "duckdb", "sql")
# What a filter keeps, of each dimension.
KEPT = {
    "channel": "web", "region": "QC", "marketing_channel": "email", "acquisition_channel": "email",
    "category": "food", "cause": "discount", "reason": "fraudulent",
}  # fmt: skip


class Question(NamedTuple):
    """What is asked: of the year or of each month, by a dimension or of one value of it."""

    by: str | None = None
    by_month: bool = False
    filtered: bool = False

    def __str__(self):
        cells = f"{'of one' if self.filtered else 'by'} {self.by}" if self.by else "of all"
        return f"{cells}, by month" if self.by_month else cells


class Opened:
    """A shop opened once each way; a question is asked once, of all KPIs of a fact together."""

    def __init__(self, frames, folder, year):
        self.by_hand = by_hand.Shop(frames)
        self.from_pandas = mk.open_data(frames)
        self.from_files = mk.open_data(folder)
        self.outside = duckdb.connect()
        self.start, self.end = pd.Timestamp(f"{year}-01-01"), pd.Timestamp(f"{year + 1}-01-01")
        self._expected, self._found, self._exact = {}, {}, {}

    def close(self):
        self.from_pandas.close()
        self.from_files.close()
        self.outside.close()

    def expected(self, kpi, question):
        """Return the cells by hand, of each period by its first day; one hand for every way."""
        if (kpi, question) not in self._expected:
            self._expected[kpi, question] = self._by_hand(kpi, question)
        return self._expected[kpi, question]

    def _by_hand(self, kpi, question):
        function = getattr(by_hand, kpi)
        days = [self.start, self.end]
        if question.by_month:
            days = pd.date_range(self.start, self.end, freq="MS")
        cells = {
            start: function(self.by_hand, start, end, question.by) for start, end in pairwise(days)
        }
        if not question.filtered:
            return cells
        kept = KEPT[question.by]
        return {start: by_hand.Cells({None: part.of(kept)}) for start, part in cells.items()}

    def found(self, way, kpi, question):
        """Return the cells that the package gives: first day of the period, and dimension."""
        asked = way, together_with(kpi, question.by), question
        if asked not in self._found:
            self._found[asked] = self._answer(*asked)
        return self._found[asked][kpi]

    def is_exact(self, kpi):
        """Say whether a KPI is a count or an amount, and so the same to the last digit."""
        kpis = together_with(kpi, None)
        if kpis not in self._exact:
            self._exact[kpis] = mk.compute(kpis, self.from_files, **self._period()).schema()
        return not self._exact[kpis][kpi].is_floating()

    def _period(self):
        return {"start": self.start.date(), "end": self.end.date()}

    def _answer(self, way, kpis, question):
        asked = self._period()
        if question.by_month:
            asked["grain"] = "month"
        if question.filtered:
            asked["filters"] = {question.by: KEPT[question.by]}
        elif question.by:
            asked["by"] = question.by
        if way == "pandas":
            frame = mk.compute(kpis, self.from_pandas, **asked)
        elif way == "duckdb":
            frame = mk.compute(kpis, self.from_files, **asked).to_pandas()
        else:
            frame = self.outside.execute(mk.sql(kpis, self.from_files, **asked)).df()
        periods = pd.to_datetime(frame.period) if question.by_month else [self.start] * len(frame)
        keys = frame[question.by] if "by" in asked else [None] * len(frame)
        cells = [
            (start, None if pd.isna(key) else key) for start, key in zip(periods, keys, strict=True)
        ]
        assert len({*cells}) == len(cells)
        return {kpi: dict(zip(cells, frame[kpi], strict=True)) for kpi in kpis}


def dimensions(kpi):
    """Return the dimensions that an entry names, a derived one those of all that it is made of."""
    if KPIS[kpi].type == "simple":
        return KPIS[kpi].dimensions
    first, *others = map(dimensions, KPIS[kpi].depends_on)
    return tuple(name for name in first if all(name in other for other in others))


def together_with(kpi, by):
    """Return the KPIs to compute with one: those of its fact and window, by a dimension."""
    fact = KPIS[kpi].fact, KPIS[kpi].window
    alike = (other for other in KPIS.values() if (other.fact, other.window) == fact)
    return tuple(other.id for other in alike if by is None or by in dimensions(other.id))


def main_questions(kpi):
    """Return what is asked every way: of all, by month, and by the first dimension of the entry."""
    asked = [Question(), Question(by_month=True)]
    for by in dimensions(kpi)[:1]:
        asked.append(Question(by))
        asked += [Question(by, filtered=True)] if by in KEPT else []
    return asked


def all_questions(kpi):
    """Return these questions, by every other dimension of the entry, and by month and the first."""
    by = dimensions(kpi)
    crossed = [Question(name, by_month=True) for name in by[:1]]
    return [*main_questions(kpi), *map(Question, by[1:]), *crossed]


def cases(questions):
    """Return the KPIs with what is asked of them, those together that are answered together."""
    asked = [(kpi, question) for kpi in KPIS for question in questions(kpi)]
    asked.sort(key=lambda case: (together_with(case[0], None), str(case[1])))
    return [pytest.param(*case, id=f"{case[0]} {case[1]}") for case in asked]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    frames = shops.random_tables(15)
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    opened = Opened(frames, folder, 2024)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = shops.thin_demo(DEMO, tmp_path_factory.mktemp("demo"))
    opened = Opened(shops.read(folder), folder, 2025)
    yield opened
    opened.close()


def same(found, expected, *, exact):
    """Say whether two values are the same digits: exact ones, or ratios within 1e-9."""
    if expected is None or pd.isna(found):
        return expected is None and bool(pd.isna(found))
    if exact:
        return round(float(found), 4) == round(float(expected), 4)
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def differences(shop, way, kpi, question):
    """Return the cells where a way differs from the calculation by hand: found, expected."""
    found, exact = shop.found(way, kpi, question), shop.is_exact(kpi)
    wrong = {}
    for start, cells in shop.expected(kpi, question).items():
        for key in {*cells, *(key for at, key in found if at == start)}:
            pair = found.get((start, key), cells.nothing), cells.of(key)
            if not same(*pair, exact=exact):
                wrong[start.date().isoformat(), key] = pair
    return wrong


@pytest.mark.parametrize(("kpi", "question"), cases(all_questions))
def test_a_shop_drawn_by_chance(drawn, kpi, question):
    ways = WAYS if question in main_questions(kpi) else ["pandas"]
    assert {way: wrong for way in ways if (wrong := differences(drawn, way, kpi, question))} == {}


def without_filters(kpi):
    return [question for question in main_questions(kpi) if not question.filtered]


@pytest.mark.parametrize(("kpi", "question"), cases(without_filters))
def test_a_slice_of_the_demo(demo, kpi, question):
    ways = WAYS if question == Question() else ["sql"]
    assert {way: wrong for way in ways if (wrong := differences(demo, way, kpi, question))} == {}


def test_every_kpi_is_worked_by_hand():
    assert [kpi for kpi in KPIS if not callable(getattr(by_hand, kpi, None))] == []


@pytest.mark.parametrize("kpi", KPIS)
def test_the_shop_drawn_by_chance_tells_something_of_each(drawn, kpi):
    months = drawn.expected(kpi, Question(by_month=True))
    assert any(value for cells in months.values() for value in cells.values())


def test_kpis_asked_together_are_those_asked_apart(drawn):
    together = mk.compute([*KPIS], drawn.from_pandas, start="2024-01-01", end="2025-01-01").iloc[0]
    apart = {kpi: drawn.found("pandas", kpi, Question())[drawn.start, None] for kpi in KPIS}
    assert together.to_dict() == pytest.approx(apart, rel=1e-12, nan_ok=True)
