"""Figures, tables and sentences of retention and returns: words, blanks, nothing cut."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from marketing_kpi import plots, retention
from marketing_kpi.errors import ConfigError
from marketing_kpi.plots import sentences

DAY = pd.Timestamp("2025-01-01")


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def words(figure):
    return {text.get_text() for text in figure.findobj(Text) if text.get_text().strip()}


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(3)
    who = np.sort(rng.integers(0, 200, 700))
    days = rng.integers(0, 250, 700) + who // 2
    return pd.DataFrame(
        {
            "order_id": np.arange(700).astype(str),
            "customer_id": [f"C{n:03}" for n in who],
            "ordered_at": DAY + pd.to_timedelta(days, unit="D"),
            "amount": rng.lognormal(4, 0.5, 700).round(2),
        }
    )


@pytest.fixture(scope="module")
def months(orders):
    return retention.cohorts(orders, as_of="2025-12-15")


@pytest.fixture(scope="module")
def quarters(orders):
    return retention.cohorts(orders, as_of="2026-01-01", grain="quarter")


RATES = pd.DataFrame(
    {
        "category": ["Shoes", "Hats", None],
        "buyers": [400, 300, 8],
        "units_sold": [1000.0, 500.0, 20.0],
        "units_returned": [150.0, 20.0, 1.0],
        "return_rate_units": [0.15, 0.04, 0.05],
        "low": [0.12, 0.02, np.nan],
        "high": [0.18, 0.06, np.nan],
        "net_sales": [50000.0, 9000.0, 100.0],
        "value_returned": [8000.0, 300.0, 5.0],
        "return_rate_value": [0.16, 1 / 30, 0.05],
        "value_low": [0.12, 0.02, np.nan],
        "value_high": [0.2, 0.05, np.nan],
    }
)
REASONS = pd.DataFrame(
    {
        "reason": ["size", None, "wrong_colour"],
        "returns": [8, 3, 2],
        "units_returned": [10.0, 5.0, 5.0],
        "value_returned": [100.0, 60.0, 40.0],
        "units_share": [0.5, 0.25, 0.25],
        "value_share": [0.5, 0.3, 0.2],
    }
)
BY_MONTH = pd.DataFrame(
    {
        "period": pd.date_range("2025-01-01", periods=4, freq="MS"),
        "units_sold": [100.0, 50.0, 50.0, 50.0],
        "units_returned": [8.0, 10.0, 5.0, 5.0],
        "units_traced": [8.0, 10.0, 5.0, 5.0],
        "rate_by_return": [0.08, 0.2, 0.1, 0.1],
        "low": [0.05, 0.15, 0.06, np.nan],
        "high": [0.12, 0.26, 0.15, np.nan],
        "units_back": [10.0, 5.0, 1.0, 0.0],
        "rate_by_sale": [0.1, 0.1, np.nan, np.nan],
        "sale_low": [0.06, 0.06, np.nan, np.nan],
        "sale_high": [0.16, 0.17, np.nan, np.nan],
    }
)


@pytest.fixture(scope="module")
def drawings(orders, months, quarters):
    day = {"as_of": "2026-01-01"}
    curve = retention.survival(orders, **day)
    average = retention.cohort_average(quarters)
    repeats = retention.repeat_within(orders, grain="quarter", **day)
    frequency = retention.frequency_distribution(orders, start="2025-01-01", end="2026-01-01")
    return {
        "triangle": lambda lang: plots.cohort_triangle(months, lang=lang),
        "triangle of revenue": lambda lang: plots.cohort_triangle(
            quarters, lang=lang, grain="quarter", measure="cumulative_revenue_per_customer"
        ),
        "curves": lambda lang: plots.cohort_curves(quarters, average, lang=lang, grain="quarter"),
        "survival": lambda lang: plots.survival_curve(curve, lang=lang),
        "two survivals": lambda lang: plots.survival_curve(
            {"1": curve, "2": retention.survival(orders, after=2, **day)}, lang=lang
        ),
        "gaps": lambda lang: plots.purchase_gaps(
            retention.between_orders(orders, **day), lang=lang
        ),
        "repeats": lambda lang: plots.repeat_by_cohort(repeats, lang=lang),
        "frequency": lambda lang: plots.order_counts(frequency, lang=lang),
        "rates": lambda lang: plots.return_rates(RATES, lang=lang, overall=0.11),
        "reasons": lambda lang: plots.return_reasons(REASONS, lang=lang),
        "months": lambda lang: plots.returns_by_month(BY_MONTH, lang=lang),
    }


NAMES = (
    *("triangle", "triangle of revenue", "curves", "survival", "two survivals", "gaps"),
    *("repeats", "frequency", "rates", "reasons", "months"),
)


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_says_what_it_shows_in_the_readers_language(drawings, name):
    french, english = (drawings[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()
    assert french.caption != english.caption


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_and_a_phone_can_show_it(drawings, name):
    figure = drawings[name]("fr").figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    assert min(drawn.x0, drawn.y0) >= -0.02
    assert drawn.x1 <= figure.get_figwidth() + 0.02
    assert drawn.y1 <= figure.get_figheight() + 0.02
    scale = 360 / (figure.get_figwidth() * 96)
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    assert min(sizes) * scale >= 4.4


def test_a_cell_that_was_not_observed_is_blank(months):
    ax = plots.cohort_triangle(months, lang="en")
    numbers = [text for text in ax.texts if text.get_text()]
    seen = months[(months.observed == "whole") & (months.age > 0)]
    shown = sorted(seen.cohort.unique())
    assert len(numbers) == len(seen)
    assert [label.get_text()[:3] for label in ax.get_yticklabels()][: len(shown)] == [
        day.strftime("%b") for day in pd.to_datetime(shown)
    ]
    newest = {round(t.get_position()[1] - 0.5) for t in numbers}
    assert max(newest) <= len(ax.get_yticklabels()) - 2  # the running month has no number
    percents = sorted(int(text.get_text()) for text in numbers)
    assert percents == sorted(round(100 * rate) for rate in seen.active_rate)


def test_the_triangle_keeps_the_latest_cohorts_oldest_first():
    long = pd.DataFrame(
        [
            {"cohort": DAY + pd.DateOffset(months=n), "age": age, "customers": 10,
             "active_rate": 0.3}
            for n in range(20)
            for age in range(2)
        ]
    )  # fmt: skip
    ax = plots.cohort_triangle(long, lang="en")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "Aug 2025 (10)"
    assert labels[-1] == "Aug 2026 (10)"
    top, bottom = ax.get_ylim()
    assert top < bottom or ax.yaxis_inverted()


def test_another_measure_is_refused(months):
    with pytest.raises(ConfigError, match="active_rates"):
        plots.cohort_triangle(months, lang="en", measure="active_rates")


def test_the_survival_curve_is_drawn_with_its_band_and_its_numbers(orders):
    found = retention.survival(orders, as_of="2026-01-01")
    ax = plots.survival_curve(found, lang="en")
    [line] = [one for one in ax.lines if len(one.get_xdata()) > 2]
    assert line.get_ydata().tolist()[:-1] == found.curve.survival.tolist()
    assert line.get_xdata()[-1] == found.observed_days
    first = ax.get_xticklabels()[0].get_text()
    assert first == f"0\n{found.customers}"
    assert ax.collections


def test_below_the_curve_stand_those_still_followed():
    days, bought = [10, 20, 200, 300, 350, 380, 390], [True, True, *[False] * 3, True, False]
    waits = pd.DataFrame({"days": days, "bought": bought, "customers": 10})
    found = retention.kaplan_meier(waits)
    assert [found.followed(tick) for tick in (0, 90, 180, 365)] == [70, 50, 50, 20]
    ax = plots.survival_curve(found, lang="en")
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert shown == ["0\n70", "90\n50", "180\n50", "365\n20"]


def test_rates_without_an_interval_are_hollow():
    ax = plots.return_rates(RATES, lang="en", overall=0.11)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Shoes", "Hats", "Unknown"]
    assert "too few customers" in ax.figure.caption
    many = pd.concat([RATES] * 6, ignore_index=True)
    assert "The 15 highest of 18" in plots.return_rates(many, lang="en").figure.caption


def test_the_surest_rates_come_first_and_those_without_an_interval_last():
    rates = RATES.assign(return_rate_units=[0.15, 0.04, 1.0], category=["A", "B", "C"])
    wide = RATES.iloc[:1].assign(category="D", return_rate_units=0.3, low=0.05, high=0.6)
    ax = plots.return_rates(pd.concat([rates.iloc[::-1], wide]), lang="en")
    assert [label.get_text() for label in ax.get_yticklabels()] == list("ADBC")


def test_where_the_data_lack_returns_the_reason_is_said():
    lacks = ["returns.returned_at"]
    reason = "The data cannot tell: they lack returns.returned_at."
    nothing = pd.DataFrame()
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    figures = [
        draw(nothing, lang="en", lacks=lacks)
        for draw in (plots.return_rates, plots.return_reasons, plots.returns_by_month)
    ]
    assert {ax.figure.message for ax in figures} == {reason}
    said = [
        sentences.retention.returns(nothing, lang="en", lacks=lacks, **year),
        sentences.retention.apart(nothing, overall=None, lang="en", lacks=lacks),
        sentences.retention.reasons(nothing, lang="en", lacks=lacks),
    ]
    assert {plain(one) for one in said} == {reason}


def test_what_is_lacking_is_named_once_in_the_readers_words():
    lacks = ["returns.quantity", "returns.quantity with returns.line_id", "a.b or a.c"]
    said = plain(sentences.retention.reasons(pd.DataFrame(), lang="fr", lacks=lacks))
    assert said.endswith("il leur manque returns.quantity, a.b ou a.c.")


def test_the_share_of_returns_with_a_known_order_is_said():
    assert "order" not in plots.returns_by_month(BY_MONTH, lang="en").figure.caption
    some = plots.returns_by_month(BY_MONTH.assign(units_traced=[7.0, 0, 0, 0]), lang="en")
    assert "The order is known for 25.0% of the units returned" in some.figure.caption
    none = plots.returns_by_month(BY_MONTH.assign(units_traced=0.0, rate_by_sale=np.nan), lang="en")
    assert "no return names its order" in none.figure.caption


def test_the_triangle_says_how_many_cohorts_it_leaves_out(months):
    cells = [
        {"cohort": DAY + pd.DateOffset(months=n), "age": age, "customers": 9, "active_rate": 0.3}
        for n in range(20)
        for age in range(2)
    ]
    long = plots.cohort_triangle(pd.DataFrame(cells), lang="en")
    assert "Shown: the 13 most recent cohorts of 20." in long.figure.caption


def test_an_unfinished_month_of_sales_is_not_drawn():
    ax = plots.returns_by_month(BY_MONTH, lang="en")
    by_sale = next(line for line in ax.lines if line.get_label() == "by date of sale")
    assert np.isnan(by_sale.get_ydata()).tolist() == [False, False, True, True]


EMPTY = {
    "triangle": lambda: plots.cohort_triangle(pd.DataFrame(), lang="en"),
    "curves": lambda: plots.cohort_curves(pd.DataFrame(), pd.DataFrame(), lang="en"),
    "rates": lambda: plots.return_rates(pd.DataFrame(), lang="en"),
    "reasons": lambda: plots.return_reasons(pd.DataFrame(), lang="en"),
    "months": lambda: plots.returns_by_month(pd.DataFrame(), lang="en"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_without_anything_to_draw_a_sentence_stands_there(name):
    assert EMPTY[name]().figure.message.endswith(".")


def test_nobody_gives_sentences_in_place_of_figures(orders):
    nobody = orders.iloc[:0]
    day = {"as_of": "2026-01-01"}
    figures = [
        plots.survival_curve(retention.survival(nobody, **day), lang="en"),
        plots.purchase_gaps(retention.between_orders(nobody, **day), lang="en"),
        plots.repeat_by_cohort(retention.repeat_within(nobody, grain="month", **day), lang="en"),
        plots.order_counts(
            retention.frequency_distribution(nobody, start="2025-01-01", end="2026-01-01"),
            lang="en",
        ),
    ]
    assert all(ax.figure.message for ax in figures)


# --- tables


def test_the_table_of_returns_says_where_one_cannot_tell():
    text = plain(plots.return_table(RATES, lang="en").to_text())
    assert "12.0% to 18.0%" in text
    assert "too few to tell" in text
    payload = plots.return_table(RATES, lang="en").payload()
    names = [column["name"] for column in payload["columns"]]
    assert {"low", "high", "value_low", "value_high"} <= set(names)
    assert "units_interval" not in names


def test_the_table_of_repeats(orders):
    found = retention.repeat_within(orders, as_of="2026-01-01", days=[30, 90])
    text = plain(plots.repeat_table(found, lang="fr").to_text())
    assert "30 jours" in text
    assert "Clients observés aussi longtemps" in text


def test_the_table_of_cohorts_holds_only_what_was_observed(months):
    shown = plots.cohort_table(months, lang="en")
    assert len(shown.rows) == (months.observed == "whole").sum()
    assert "Jan 2025" in plain(shown.to_text())


def test_reasons_within_categories_and_what_is_lacking():
    by = REASONS.assign(category="Hats")[["category", *REASONS.columns]]
    shown = plots.reason_table(by, lang="en")
    assert shown.payload()["id"] == "return_reasons_by_category"
    assert "Size or fit" in plain(shown.to_text())
    lacks = ["returns.reason"]
    nothing = [plots.reason_table, plots.return_table, plots.loyalty_table]
    said = {plain(make(pd.DataFrame(), lang="en", lacks=lacks)) for make in nothing}
    assert said == {"The data cannot tell: they lack returns.reason."}


LOYALTY = pd.DataFrame(
    {
        "kpi": retention.LOYALTY,
        "value": [0.5, 0.6, 3.1],
        "customers": [90, 100, 100],
        "low": [0.4, 0.5, np.nan],
        "high": [0.6, 0.69, np.nan],
    }
)


def test_the_kpis_of_loyalty_carry_their_definitions_and_intervals():
    shown = plots.loyalty_table(LOYALTY, lang="en")
    assert shown.payload()["row_kpis"] == list(retention.LOYALTY)
    text = plain(shown.to_text())
    assert "40.0% to 60.0%" in text
    assert "Purchase frequency" in text
    assert "3.1" in text
    assert {"low", "high"} <= {column["name"] for column in shown.payload()["columns"]}


def test_the_reasons_of_what_comes_back_most_stand_first():
    few = REASONS.assign(category="Hats")
    many = REASONS.assign(category="Shoes", units_returned=REASONS.units_returned * 2)
    both = pd.concat([few, many])[["category", *REASONS.columns]]
    shown = plots.reason_table(both, lang="en")
    assert [row[0] for row in shown.rows] == ["Shoes"] * 3 + ["Hats"] * 3
    assert [row[1] for row in shown.rows[:2]] == ["Size or fit", "Not stated"]


def test_the_months_have_bands_where_customers_are_enough():
    ax = plots.returns_by_month(BY_MONTH, lang="en")
    assert len(ax.collections) == 2
    assert "(15.0% to 26.0%)" in plain(ax.figure.alt)
    assert ax.figure.caption.startswith("Bands: 95% interval")
    blank = BY_MONTH.assign(**dict.fromkeys(("low", "high", "sale_low", "sale_high"), np.nan))
    assert "Bands" not in plots.returns_by_month(blank, lang="en").figure.caption


def test_two_tables_of_cohorts_have_ids_of_their_own(months, quarters):
    ids = [
        plots.cohort_table(months, lang="en").payload()["id"],
        plots.cohort_table(quarters, lang="en", grain="quarter").payload()["id"],
    ]
    assert ids == ["cohorts_by_month", "cohorts_by_quarter"]


# --- sentences


def test_returns_are_said():
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    said = plain(sentences.retention.returns(RATES, lang="en", **year))
    assert said == (
        "From January 1, 2025 to December 31, 2025, units that came back: 150, for 1,000 sold; "
        "15.0% of units and 16.0% of net sales. 95% interval (units): 12.0% to 18.0%."
    )
    few = sentences.retention.returns(RATES.iloc[2:], lang="en", **year)
    assert plain(few).endswith("Too few customers to give an interval.")
    none = sentences.retention.returns(pd.DataFrame(), lang="en", **year)
    assert "no sale" in plain(none)


def test_what_stands_apart_is_said():
    said = plain(sentences.retention.apart(RATES, overall=0.11, lang="en"))
    assert said.startswith("Compared: 2. By their whole 95% interval, above the rate")
    assert "together: 1; below it: 1. Were all alike" in said
    assert said.endswith("Too few customers to tell: 1.")
    unsure = plain(sentences.retention.apart(RATES, overall=0.15, lang="en"))
    assert "For the rest (1), one cannot tell." in unsure
    nothing = sentences.retention.apart(RATES.iloc[2:], overall=0.11, lang="en")
    assert plain(nothing) == "Too few customers to compare return rates."


def test_one_return_rate_alone_stands_apart_from_nothing():
    alone = "Only one return rate can be told: there is nothing to compare it with."
    whole = sentences.retention.apart(RATES.iloc[:1], overall=0.15, lang="en")
    assert plain(whole) == alone
    with_few = sentences.retention.apart(RATES.iloc[[0, 2]], overall=0.11, lang="en")
    assert plain(with_few) == f"{alone} Too few customers to tell: 1."


def test_long_names_are_cut_beside_returns():
    long = "delivered to the neighbour of the neighbour on another floor"
    axes = (
        plots.return_rates(RATES.replace({"category": {"Hats": long}}), lang="en"),
        plots.return_reasons(REASONS.replace({"reason": {"size": long}}), lang="en"),
    )
    for axis in axes:
        names = [label.get_text() for label in axis.get_yticklabels()]
        assert any(name.endswith("…") for name in names)
        assert max(len(name) for name in names) <= 34


def test_reasons_are_said():
    said = plain(sentences.retention.reasons(REASONS, lang="en"))
    assert said.startswith("The first reason is “Size or fit”: 50.0% of the units")
    assert said.endswith("Without a reason: 25.0% of the units.")
    unstated = sentences.retention.reasons(REASONS.iloc[[1]], lang="en")
    assert plain(unstated) == "No return states its reason."


def newcomers(**changes):
    known = retention.Newcomers(DAY.date(), pd.Timestamp("2025-12-31").date(), 100, 30)
    return known._replace(**changes)


def test_newcomers_are_said():
    known = plain(sentences.retention.newcomers(newcomers(), lang="en", as_of="2026-01-01"))
    assert "Of 100 customers, 30 registered before the data begin" in known
    assert known.endswith("of the other 70.")
    unknown = sentences.retention.newcomers(newcomers(older=None), lang="en", as_of="2026-01-01")
    assert "do not say when customers registered" in plain(unknown)
    late = sentences.retention.newcomers(newcomers(), lang="en", as_of="2026-03-01")
    assert "The data end on December 31, 2025, before the analysis" in plain(late)


def test_survival_and_gaps_are_said(orders):
    found = retention.survival(orders, as_of="2026-01-01")
    said = plain(sentences.retention.survival(found, lang="en"))
    assert f"Of {found.customers} customers followed from their purchase" in said
    half = f"Half of all these customers bought again within {found.median_days:.0f} days"
    assert f"{half} (95% interval: " in said
    slow = retention.Survival(1, found.curve.iloc[:3], 9, 2, 30, None, None, None, found.waits)
    assert "Less than half" in plain(sentences.retention.survival(slow, lang="en"))
    gaps = retention.between_orders(orders, as_of="2026-01-01")
    assert f"Customers who bought once ({gaps.customers - gaps.returned}) are not in it" in plain(
        sentences.retention.gaps(gaps, lang="en")
    )


def test_cohorts_and_frequency_are_said(orders, quarters):
    average = retention.cohort_average(quarters)
    assert "(cohorts: 3)" in plain(sentences.retention.cohorts(average, lang="en"))
    assert "long enough" in plain(sentences.retention.cohorts(average.iloc[:1], lang="en"))
    found = retention.frequency_distribution(orders, start="2025-01-01", end="2026-01-01")
    said = plain(sentences.retention.frequency(found, lang="en"))
    assert said.startswith(f"{found.customers.sum()} identified customers placed")
