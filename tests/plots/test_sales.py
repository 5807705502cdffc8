"""Figures, tables and sentences of sales: words, amounts, what cannot be said."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import marketing_kpi as mk
from marketing_kpi import plots, sales
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.plots import sentences
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.tables import Table

YEAR = mk.periods(as_of="2026-01-01")
AUTUMN = mk.periods(as_of="2026-01-01", period="3 months", compare="previous_period")
LONG = "Équipement de randonnée et de camping pour toute la famille"


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def words(figure):
    return {text.get_text() for text in figure.findobj(Text) if text.get_text().strip()}


def tree(*, obstacle=None, low=(80.0, -60.0, -5.0)):
    factors = pd.DataFrame(
        {
            "factor": ["orders", "units_per_transaction", "average_selling_price"],
            "before": [100.0, 2.0, 10.0],
            "after": [110.0, 1.9, 10.1],
            "change": [0.1, -0.05, 0.01],
            "change_low": [0.02, -0.09, -0.01],
            "change_high": [0.18, -0.01, 0.03],
            "effect": [200.0, -100.0, 10.9],
            "low": low,
            "high": [320.0, -20.0, 30.0],
            "verdict": [
                found if start > 0 or (end < 0 and start < 0) else "cannot_tell"
                for found, start, end in zip(
                    ("rose", "fell", "rose"), low, (320.0, -20.0, 30.0), strict=True
                )
            ],
        }
    )
    if obstacle:
        factors = factors.assign(**dict.fromkeys(factors.columns[3:-1], np.nan), before=np.nan)
        return sales.Tree(factors, None, 2110.9, None, None, obstacle)
    return sales.Tree(factors, 2000.0, 2110.9, 0.01, 0.1, None, 0.02, 12)


BRANCHES = pd.DataFrame(
    {
        "category": [LONG, "Hats", None],
        "before": [1000.0, 500.0, 0.0],
        "after": [1200.0, 400.0, 10.9],
        "change": [200.0, -100.0, 10.9],
        "growth": [0.2, -0.2, np.nan],
        "low": [0.1, -0.3, np.nan],
        "high": [0.3, 0.1, np.nan],
        "status": ["both", "both", "new"],
        "orders_effect": [150.0, -50.0, np.nan],
        "units_effect": [30.0, -50.0, np.nan],
        "price_effect": [20.0, 0.0, np.nan],
    }
)
SEASON = sales.Season(
    pd.DataFrame(
        {
            "period": pd.date_range("2024-01-01", periods=24, freq="MS"),
            "value": np.linspace(100, 330, 24),
            "previous": [*[np.nan] * 12, *np.linspace(100, 210, 12)],
            "change": [*[np.nan] * 12, *np.linspace(1.2, 0.5, 12)],
            "low": [*[np.nan] * 12, *np.linspace(1.0, -0.1, 12)],
            "high": [*[np.nan] * 12, *np.linspace(1.4, 1.1, 12)],
            "on_month": np.linspace(0.1, 0.03, 24),
            "season": 1.0,
            "seasonless": np.linspace(100, 330, 24),
            "unpriced": 0.0,
            "unpriced_before": [*[np.nan] * 12, *[0.0] * 12],
        }
    ),
    2,
)
FUNNEL = pd.DataFrame(
    {
        "step": ["cart_rate", "checkout_rate", "order_rate"],
        "entered": [1000, 100, 60],
        "passed": [100, 60, 30],
        "lost": [900, 40, 30],
        "rate": [0.1, 0.6, 0.5],
        "low": [0.08, 0.5, 0.4],
        "high": [0.12, 0.7, 0.6],
        "beside": [2, 0, 0],
        "loss_share": [900 / 970, 40 / 970, 30 / 970],
    }
)
CONVERSION = sales.Conversion(
    (0.03, 0.02, 0.04), (0.05, 0.04, 0.06), 1000, 500, 30, 25, 12,
    pd.DataFrame(
        {
            "window": ["day", "week", "month", "period"],
            "by_session": [0.03] * 4,
            "by_visitor": [0.032, 0.038, 0.044, 0.05],
        }
    ),
)  # fmt: skip
STEPS = pd.DataFrame(
    {
        "dimension": ["device", "device", "marketing_channel", "device"],
        "value": ["mobile", "app", "email", "tablet"],
        "step": ["order_rate", "cart_rate", "checkout_rate", "bounce_rate"],
        "entered": [400.0, 300.0, 200.0, 9.0],
        "passed": [120.0, 60.0, 90.0, 3.0],
        "rate": [0.3, 0.2, 0.45, 1 / 3],
        "rest": [0.42, 0.1, 0.5, 0.4],
        "set_aside": [(), (), ("organic_search", None), ()],
        "difference": [-0.12, 0.1, -0.05, np.nan],
        "low": [-0.16, 0.06, -0.11, np.nan],
        "high": [-0.08, 0.14, 0.01, np.nan],
        "p": [0.0001, 0.004, 0.2, np.nan],
        "p_adjusted": [0.0004, 0.012, 0.4, np.nan],
        "verdict": ["lower", "higher", "cannot_tell", "too_few"],
        "orders": [48.0, np.nan, 10.0, np.nan],
        "orders_low": [32.0, np.nan, -2.0, np.nan],
        "orders_high": [64.0, np.nan, 22.0, np.nan],
        "revenue": [4800.0, np.nan, 1000.0, np.nan],
        "revenue_low": [3200.0, np.nan, -200.0, np.nan],
        "revenue_high": [6400.0, np.nan, 2200.0, np.nan],
    }
)
ASSORTMENT = pd.DataFrame(
    {
        "category": [LONG, "Hats"],
        "products_before": [3, 4],
        "products_after": [4, 3],
        "products_new": [1, 0],
        "products_gone": [0, 1],
        "before": [1000.0, 500.0],
        "after": [1200.0, 400.0],
        "change": [200.0, -100.0],
        "new": [150.0, 0.0],
        "gone": [0.0, -80.0],
        "kept": [50.0, -20.0],
        "unknown": [0.0, 0.0],
        "credits": [0.0, 0.0],
        "kept_rate": [0.05, -0.05],
    }
)
PRICES = sales.Prices(
    pd.DataFrame(
        {
            "part": ["list_price", "discount", "assortment"],
            "change": [0.02, -0.01, 0.03],
            "effect": [40.0, -20.0, 60.0],
        }
    ),
    products=12,
    share=0.9,
    raised=0.85,
    lowered=0.0,
    unknown=0.0,
)


def traffic(*keys):
    values = {"sessions": [900, 100], "visitors": [500, 90]}
    for name in ("bounce_rate", "cart_rate", "conversion_rate", "visitor_conversion"):
        values |= {name: [0.2, 0.3], f"{name}_low": [0.1, np.nan], f"{name}_high": [0.3, np.nan]}
    for name in ("pages_per_session", "revenue_per_visitor"):
        values |= {name: [4.0, 5.0], f"{name}_low": [3.5, np.nan], f"{name}_high": [4.5, np.nan]}
    cells = {key: ["mobile", None] for key in keys}
    return pd.DataFrame({**cells, **values}).iloc[: 2 if keys else 1]


FIGURES = {
    "tree": lambda lang: plots.tree_effects(tree(), lang=lang),
    "branches": lambda lang: plots.branch_changes(BRANCHES, lang=lang),
    "season": lambda lang: plots.season_lines(SEASON, lang=lang),
    "year": lambda lang: plots.year_on_year(SEASON, lang=lang),
    "funnel": lambda lang: plots.funnel_bars(FUNNEL, lang=lang),
    "conversion": lambda lang: plots.conversion_windows(CONVERSION, lang=lang),
    "steps": lambda lang: plots.step_differences(STEPS, lang=lang),
}
TABLES = {
    "tree": lambda lang: plots.tree_table(tree(), lang=lang),
    "prices": lambda lang: plots.price_table(PRICES, lang=lang),
    "branches": lambda lang: plots.branch_table(BRANCHES, lang=lang),
    "assortment": lambda lang: plots.assortment_table(ASSORTMENT, lang=lang),
    "traffic": lambda lang: plots.traffic_table(traffic(), lang=lang),
    "traffic by device": lambda lang: plots.traffic_table(traffic("device"), lang=lang),
    "funnel": lambda lang: plots.funnel_table(FUNNEL, lang=lang),
    "conversion": lambda lang: plots.site_conversion_table(CONVERSION, lang=lang),
    "steps": lambda lang: plots.step_table(STEPS, lang=lang),
}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_says_what_it_shows_in_the_readers_language(name):
    french, english = (FIGURES[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()
    assert french.caption != english.caption


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_and_no_name_covers_another(name):
    figure = FIGURES[name]("fr").figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.05
    assert drawn.y0 > -0.05
    assert drawn.x1 < width + 0.05
    assert drawn.y1 < height + 0.05
    for labels in (figure.axes[0].get_yticklabels(), figure.axes[0].get_xticklabels()):
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        for one, other in pairwise(boxes):
            assert not one.overlaps(other)


@pytest.mark.parametrize("draw", [plots.branch_changes, plots.step_differences])
@pytest.mark.parametrize("length", [150, 10_000])
@pytest.mark.parametrize("word", ["Chaussures ", "X"])
def test_long_names_are_cut_and_cover_no_other(draw, length, word):
    rows = BRANCHES if draw is plots.branch_changes else STEPS.assign(dimension="category")
    column = "category" if draw is plots.branch_changes else "value"
    names = [f"{n} {word * length}"[:length] for n in range(10)]
    rows = pd.concat([rows.iloc[:1]] * 10, ignore_index=True).assign(**{column: names})
    if draw is plots.branch_changes:
        rows["status"] = ["both", "new"] * 5
    figure = draw(rows, lang="fr").figure
    figure.canvas.draw()  # warnings are errors here
    labels = figure.axes[0].get_yticklabels()
    assert all("…" in label.get_text() for label in labels)
    assert not any(
        one.get_window_extent().overlaps(other.get_window_extent())
        for one, other in pairwise(labels)
    )
    assert len(figure.alt) < 1500


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_both_languages_and_its_values(name):
    french, english = (TABLES[name](lang) for lang in ("fr", "en"))
    assert isinstance(french, Table)
    assert french.caption != english.caption
    numbers = [
        [[one for one in row if isinstance(one, int | float)] for row in shown.payload()["rows"]]
        for shown in (french, english)
    ]
    assert numbers[0] == numbers[1]
    assert any(numbers[0])
    assert "nan" not in french.to_text().lower().replace("finance", "")


def test_the_table_of_the_tree_keeps_the_ends_for_other_tools():
    shown = plots.tree_table(tree(), lang="en")
    assert "+10.0% (+2.0% to +18.0%)" in plain(shown.to_text())
    names = {column["name"] for column in shown.payload()["columns"]}
    assert {"change_low", "low", "high", "before", "after"} <= names
    alone = plots.tree_table(tree(obstacle="not_recorded"), lang="en")
    assert "95%" not in alone.to_text().splitlines()[1]


def test_names_are_those_of_the_reader():
    shown = plain(plots.branch_table(BRANCHES, lang="fr").to_text())
    assert LONG in shown
    assert "Inconnu" in shown
    assert value_name("desktop", "device", lang="fr") == "Ordinateur"
    assert "(nouveau)" in " ".join(words(FIGURES["branches"]("fr").figure))


def test_the_answer_names_what_moved_and_what_one_cannot_tell():
    said = plain(sentences.sales.answer(tree(), lang="en", periods=YEAR))
    assert "$2,111: +5.5% on the period compared with (95% interval: +1.0% to +10.0%)" in said
    assert "What moved most beyond chance: orders (+10.0%), worth +$200 of a change" in said
    assert "Also moved: units per order −$100." in said
    assert "Not to be told from chance: price per unit." in said
    assert "which channels" in said
    assert "season" not in said
    assert "another season" in plain(sentences.sales.answer(tree(), lang="en", periods=AUTUMN))
    unsure = plain(sentences.sales.answer(tree(low=(-5.0, np.nan, -5.0)), lang="en", periods=YEAR))
    assert "Of no factor" in unsure
    assert "Look next" not in unsure


def test_a_verdict_that_allows_for_all_factors_says_where_it_differs_from_the_overview():
    given = tree()
    one = given.factors.assign(verdict=["rose", "cannot_tell", "cannot_tell"])
    said = plain(sentences.sales.answer(given._replace(factors=one), lang="en", periods=YEAR))
    assert "from chance: units per order; price per unit." in said
    assert "the 95% interval leaves 0 out: units per order. Of 3 factors looked at" in said
    assert "leaves 0 out" not in plain(sentences.sales.answer(given, lang="en", periods=YEAR))
    note = plain(plots.tree_table(given, lang="en").to_text())
    assert "takes 98.3% instead of 95%, for 3 factors are looked at together" in note
    assert "98" not in plain(plots.tree_table(tree(obstacle="not_recorded"), lang="en").to_text())


def test_an_end_that_is_not_0_is_not_written_as_0():
    given = tree()
    near = given.factors.assign(change_low=[0.0003, -0.09, -0.01])
    shown = plain(plots.tree_table(given._replace(factors=near), lang="en").to_text())
    assert "+10.0% (+0.03% to +18.0%)" in shown


def test_the_first_mover_is_one_that_chance_does_not_explain():
    """The largest effect is unsure, a smaller one is not: no "of no factor ... also moved"."""
    mixed = tree(low=(-5.0, -150.0, -5.0))
    said = plain(sentences.sales.answer(mixed, lang="en", periods=YEAR))
    assert "What moved most beyond chance: units per order (−5.0%), worth −$100" in said
    assert "Of no factor" not in said
    assert "Not to be told from chance: orders; price per unit." in said
    assert "what a basket holds" in said
    none = tree(low=(-5.0, np.nan, -5.0))
    said = plain(sentences.sales.answer(none, lang="en", periods=YEAR))
    assert "Of no factor" in said
    assert "moved most" not in said
    assert "from chance: orders; units per order; price per unit." in said


def test_where_no_interval_is_known_none_is_promised_and_the_reason_is_said():
    few = tree()
    ends = ["change_low", "change_high", "low", "high"]
    factors = few.factors.assign(**dict.fromkeys(ends, np.nan), verdict="cannot_tell")
    few = few._replace(factors=factors, change_low=None, change_high=None, pieces=0)
    said = plain(sentences.sales.answer(few, lang="en", periods=YEAR))
    assert "No interval is known: customers are too few" in said
    assert "Of no factor" not in said
    assert "from chance:" not in said
    assert "too short" not in said
    caption = plots.tree_effects(few, lang="en").figure.caption
    assert "Thin bars" not in caption
    assert "No interval is known" in caption
    assert "95%" not in plots.tree_table(few, lang="en").caption
    assert "Thin bars" in plots.tree_effects(tree(), lang="en").figure.caption
    assert "95%" in plots.tree_table(tree(), lang="en").caption
    assert "No interval" not in plain(sentences.sales.answer(tree(), lang="en", periods=YEAR))


def holed(share_before=0.99, share=0.94):
    """Return a tree of which some units have no price."""
    whole = tree()
    row = dict.fromkeys(whole.factors.columns, np.nan) | {
        "factor": "known_price_share", "before": share_before, "after": share,
        "change": share / share_before - 1, "effect": -100.0, "low": -110.0, "high": -90.0,
        "verdict": "cannot_tell",
    }  # fmt: skip
    factors = pd.concat([whole.factors.iloc[:2], pd.DataFrame([row]), whole.factors.iloc[2:]])
    return whole._replace(factors=factors.reset_index(drop=True))


def test_missing_prices_are_a_fault_of_the_data_and_no_cause():
    said = plain(sentences.sales.answer(holed(), lang="en", periods=YEAR))
    assert "Prices are missing for 6.0% of units now, 1.0% before" in said
    assert "share of units" not in said
    french = plain(sentences.sales.answer(holed(), lang="fr", periods=YEAR))
    assert "Il manque le prix de 6,0 % des unités à présent, de 1,0 % auparavant" in french
    alike = plain(sentences.sales.answer(holed(0.944, 0.94), lang="en", periods=YEAR))
    assert "missing" not in alike
    assert "missing" not in plain(sentences.sales.answer(tree(), lang="en", periods=YEAR))
    none = plain(sentences.sales.branches(BRANCHES, whole=holed(), lang="en"))
    assert "of no row can it be said that it grew or fell" in none
    assert "growing:" not in none


def test_the_share_of_known_prices_has_its_bar_and_its_row():
    figure = plots.tree_effects(holed(), lang="fr").figure
    assert "Part des unités dont le prix est connu −100 $" in plain(figure.alt)
    assert "un défaut des données" in figure.caption
    assert "un défaut" not in plots.tree_effects(tree(), lang="fr").figure.caption
    shown = plain(plots.tree_table(holed(), lang="fr").to_text())
    assert "Part des unités dont le prix est connu" in shown
    assert "94,0 %" in shown
    parted = BRANCHES.assign(known_price_effect=[-5.0, -6.0, np.nan])
    assert "Prix connus" in plots.branch_table(parted, lang="fr").to_text()


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        ("not_recorded", "do not cover the whole of both"),
        ("no_comparison", "No period to compare"),
        ("nothing_sold", "Net sales are 0"),
    ],
)
def test_the_answer_says_why_there_is_no_comparison(obstacle, words):
    said = plain(sentences.sales.answer(tree(obstacle=obstacle), lang="en", periods=YEAR))
    assert words in said
    assert plots.tree_effects(tree(obstacle=obstacle), lang="en").figure.message


def test_the_tree_of_visits_is_a_product_and_says_what_is_not_recorded():
    site = tree(obstacle="not_recorded")
    said = plain(sentences.sales.visits(site, lang="en"))
    assert "110 (orders) × 1.90 (units per order) × $10.10 (price per unit)" in said
    assert "not recorded" in said
    assert "No visits" in str(sentences.sales.visits(None, lang="en"))


def test_sessions_of_unknown_visitors_are_said_to_be_left_out():
    """Two sessions for each of 100 visitors are 200; of 207, seven have no visitor."""
    factors = pd.DataFrame({"factor": ["visitors", "sessions_per_visitor"], "after": [100.0, 2.0]})
    site = tree(obstacle="not_recorded")._replace(factors=factors)
    said = plain(sentences.sales.visits(site, sessions=207, lang="en"))
    assert "whose visitor is known brought $2,111" in said
    assert "Left out: 7 sessions of unknown visitors" in said
    one = plain(sentences.sales.visits(site, sessions=201, lang="fr"))
    assert "Laissée de côté : 1 session d'un visiteur inconnu, et ce qu'elle a apporté." in one
    whole = plain(sentences.sales.visits(site, sessions=200, lang="en"))
    assert whole == plain(sentences.sales.visits(site, lang="en"))
    assert "Left out" not in whole


def test_list_prices_of_only_a_part_are_said():
    said = plain(sentences.sales.prices(PRICES._replace(listed=0.75), lang="en"))
    assert "List prices are known for 75% of these sales" in said
    whole = sentences.sales.prices(PRICES._replace(listed=1.0), lang="en")
    assert plain(whole) == plain(sentences.sales.prices(PRICES, lang="en"))


def test_days_without_orders_are_said_beside_the_answer():
    gap = Gap(dt.date(2025, 3, 2), dt.date(2025, 7, 1))
    words = "Days without any order, March 2, 2025 to June 30, 2025: if the shop was open"
    for one in (tree(), tree(obstacle="no_comparison")):
        said = plain(sentences.sales.answer(one, gap=gap, lang="en", periods=YEAR))
        assert said.count(words) == 1
        assert "Days without" not in plain(sentences.sales.answer(one, lang="en", periods=YEAR))


def test_the_funnel_names_the_step_that_loses_most_and_what_goes_beside_it():
    said = plain(sentences.sales.funnel(FUNNEL, lang="en"))
    assert "session to cart, with 900 sessions, 93% of all losses (10.0% go on)" in said
    assert "cart to checkout, with 40 sessions lost" in said
    assert "without these steps: 2." in said


def test_one_is_written_in_the_singular():
    few = FUNNEL.assign(lost=[1, 1, 1, 1][: len(FUNNEL)])
    said = plain(sentences.sales.funnel(few, lang="en"))
    assert "with 1 session, " in said
    assert "with 1 session lost." in said
    assert ", 1 session, " in plain(sentences.sales.funnel(few, lang="fr"))
    one = plain(sentences.sales.prices(PRICES._replace(products=1), lang="en"))
    assert "compared on the one product sold in both periods" in one
    un = plain(sentences.sales.prices(PRICES._replace(products=1), lang="fr"))
    assert "comparés sur le seul produit vendu dans les deux périodes" in un


def test_both_conversions_are_said_with_what_makes_them_differ():
    said = plain(sentences.sales.conversion(CONVERSION, lang="en"))
    assert "Of 100 sessions, 3.0 end in an order; of 100 visitors, 5.0 order" in said
    assert "3.00% × 2.00 / 1.20 = 5.00%" in said
    assert "left out here: 12" in said


def test_a_device_below_is_worth_a_look_and_a_channel_is_not_a_page():
    said = plain(sentences.sales.steps(STEPS, lang="en"))
    assert "Compared: 3. Apart from the rest once their number is allowed for: 2." in said
    assert "Mobile · Checkout to order; at the rate of the rest, it would bring 48 orders" in said
    assert "(95% interval: 32 to 64), some $4.8K" in said
    channel = STEPS.assign(verdict=["cannot_tell", "higher", "lower", "too_few"])
    other = plain(sentences.sales.steps(channel, lang="en"))
    assert "Of no device can one say that it is below the others" in other
    # of mobile visits, the widest compared and not told apart: (-0.08 - -0.16) / 2 = 0.04
    gap = "(Mobile · Checkout to order), a gap under 4.0 points would not show"
    assert gap in other
    assert "Email · Cart to checkout most" in other
    alike = STEPS.assign(verdict="cannot_tell")
    said = plain(sentences.sales.steps(alike, lang="en"))
    assert "No step can be told from the others: of 3" in said
    assert gap in said
    assert "repair" not in said
    no_ends = plain(sentences.sales.steps(alike.assign(low=np.nan), lang="en"))
    assert "would not show" not in no_ends


def test_filled_dots_are_those_apart():
    axis = FIGURES["steps"]("en")
    filled = [
        line.get_markerfacecolor() != "white" for line in axis.lines if line.get_marker() == "o"
    ]
    assert filled == [True, True, False]


def test_prices_that_moved_apart_leave_others_to_compare_with():
    few = plain(sentences.sales.prices(PRICES._replace(raised=0.06, lowered=0.1), lang="en"))
    assert "List prices rose on 6% of these sales and fell on 10%" in few
    assert "can serve as a comparison" in few
    assert "nearly all" not in few
    fell = plain(sentences.sales.prices(PRICES._replace(raised=0.0, lowered=0.8), lang="en"))
    assert "nearly all" in fell
    still = plain(sentences.sales.prices(PRICES._replace(raised=0.0), lang="en"))
    assert "nearly all" not in still
    assert "comparison" not in still


def test_sales_of_unknown_product_are_said():
    said = plain(sentences.sales.prices(PRICES._replace(unknown=0.32), lang="en"))
    assert "32% of net sales are of unknown products" in said
    nobody = PRICES._replace(parts=PRICES.parts.iloc[:0], products=0, share=0.0, unknown=1.0)
    assert "No product of known id" in plain(sentences.sales.prices(nobody, lang="en"))
    assert "No product of known id" in str(plots.price_table(nobody, lang="en"))
    some = ASSORTMENT.assign(unknown=[0.0, -30.0])
    assert "Of unknown products: −$30." in plain(sentences.sales.assortment(some, lang="en"))
    assert "Of unknown products" in plots.assortment_table(some, lang="en").to_text()
    assert "unknown products" not in plots.assortment_table(ASSORTMENT, lang="en").to_text()


def test_credits_are_said_beside_prices_and_only_where_there_are_any():
    parts = pd.concat(
        [PRICES.parts, pd.DataFrame([("credits", -0.11, -456.0)], columns=[*PRICES.parts])]
    )
    found = PRICES._replace(parts=parts, credited_before=0.008, credited=0.117)
    assert "credits −11.0% (−$456)" in plain(sentences.sales.prices(found, lang="en"))
    said = "Credits gave back 0.8% of what was bought before, 11.7% now"
    assert said in plain(sentences.sales.prices(found, lang="en"))
    assert "avoirs −11,0 %" in plain(sentences.sales.prices(found, lang="fr"))
    assert "Credits" in plots.price_table(found, lang="en").to_text()
    some = ASSORTMENT.assign(credits=[0.0, -30.0])
    assert "Credits: −$30." in plain(sentences.sales.assortment(some, lang="en"))
    assert "Credits" in plots.assortment_table(some, lang="en").to_text()
    for none in (
        sentences.sales.prices(PRICES, lang="en"), plots.price_table(PRICES, lang="en").to_text(),
        sentences.sales.assortment(ASSORTMENT, lang="en"),
        plots.assortment_table(ASSORTMENT, lang="en").to_text(),
    ):  # fmt: skip
        assert "redits" not in str(none)


def test_what_the_rest_leaves_out_is_named_wherever_the_rest_is_shown():
    named = "Cart to checkout (Organic search, Unknown)"
    assert named in plain(plots.step_differences(STEPS, lang="en").figure.caption)
    assert named in plain(plots.step_table(STEPS, lang="en").to_text())
    table = plots.step_table(STEPS, lang="en")
    assert "those set aside" in table.to_text().splitlines()[1]
    names = [column["name"] for column in table.payload()["columns"]]
    cells = [row[names.index("set_aside")] for row in table.payload()["rows"]]
    assert cells == ["", "", "Organic search, Unknown", ""]
    assert "set aside" not in plain(sentences.sales.steps(STEPS, lang="en"))
    beside_app = STEPS.assign(set_aside=[("app",), (), (), ()])
    said = plain(sentences.sales.steps(beside_app, lang="en"))
    assert "at the rate of the rest (set aside: App), it would bring 48 orders" in said


def test_prices_branches_season_and_assortment_in_words():
    prices = plain(sentences.sales.prices(PRICES, lang="en"))
    assert "list prices +2.0% (+$40); discounts −1.0% (−$20); products sold +3.0% (+$60)" in prices
    assert "drawn at random" in prices
    still = tree()._replace(months_error=0.0)
    branches = plain(sentences.sales.branches(BRANCHES, whole=still, lang="en"))
    assert f"growing: 1 ({LONG}); shrinking: 0; one cannot tell: 1" in branches
    assert "Without an interval" not in branches
    blurred = BRANCHES.assign(low=[None, *BRANCHES.low[1:]])
    few = plain(sentences.sales.branches(blurred, whole=still, lang="en"))
    assert "Without an interval, for too few buyers or too unlike amounts: 1." in few
    bare = plain(sentences.sales.branches(BRANCHES.assign(low=None), whole=still, lang="en"))
    assert "Without an interval, for too few buyers or too unlike amounts: 2." in bare
    assert "growing" not in bare
    # Months that move as a whole by 10 % hide a growth of 20 %.
    shaken = tree()._replace(months_error=0.1)
    assert "growing: 0" in plain(sentences.sales.branches(BRANCHES, whole=shaken, lang="en"))
    assert "1 new, 0 no longer sold" in branches
    season = plain(sentences.sales.season(SEASON, lang="en"))
    assert "Months compared with the same month a year earlier: 12. Above it by more than" in season
    assert "the luck of who buys: 10" in season
    assert "about 0.6 would lie apart by chance alone" in season
    assert "December 2025" in season
    assortment = plain(sentences.sales.assortment(ASSORTMENT, lang="en"))
    assert "New products (1): +$150. No longer sold (1): −$80." in assortment
    assert "products kept went from −5.0% (Hats) to +5.0%" in assortment
    assert "by chance" in assortment
    assert "look there" not in assortment


@pytest.mark.parametrize(("error", "word"), [(None, "left out"), (0.0, "included")])
def test_a_period_too_short_for_months_does_not_say_that_they_count(error, word):
    whole = tree()._replace(months_error=error, pieces=0 if error is None else 12)
    said = plain(sentences.sales.branches(BRANCHES, whole=whole, lang="en"))
    assert (
        f"what moves months or weeks as a whole {word}, growing: 1 ({LONG}); shrinking: 0" in said
    )


def test_credits_are_named_where_the_basket_moved_and_there_is_no_price():
    given = tree()
    factors = given.factors.iloc[[0, 1]].assign(factor=["orders", "average_order_value"])
    factors = factors.assign(verdict=["cannot_tell", "fell"])
    basket = given._replace(factors=factors, credits=(0.0, -300.0))
    said = plain(sentences.sales.answer(basket, lang="en", periods=YEAR))
    assert "Credits entered as orders lower the basket: $0 before, −$300 now." in said
    assert "at what price, and at credits." in said
    second = basket._replace(factors=factors.assign(verdict="fell", effect=[-900.0, -300.0]))
    said = plain(sentences.sales.answer(second, lang="en", periods=YEAR))
    assert "moved most beyond chance: orders" in said
    assert "Credits entered as orders lower the basket: $0 before, −$300 now." in said
    none = basket._replace(credits=(0.0, 0.0))
    assert "entered as orders" not in plain(sentences.sales.answer(none, lang="en", periods=YEAR))


@pytest.mark.parametrize(("before", "after"), [(3200.0, -120.0), (-45.0, 50.0)])
def test_credits_above_purchases_are_not_called_nothing_sold(before, after):
    found = tree(obstacle="nothing_sold")._replace(before=before, after=after)
    said = plain(sentences.sales.answer(found, lang="en", periods=YEAR))
    assert "Credits exceed what was bought in one of the periods: nothing to compare." in said
    assert "Net sales are 0" not in said
    empty = plain(sentences.sales.answer(found._replace(before=0.0, after=0.0), lang="en",
                                         periods=YEAR))  # fmt: skip
    assert "Net sales are 0 in one of the periods, nothing being sold or all of it cred" in empty


def test_a_product_that_credits_took_back_has_not_too_few_buyers():
    back = BRANCHES.assign(status="both", after=[1200.0, 400.0, -10.0])
    said = plain(sentences.sales.branches(back, whole=tree(), lang="en"))
    assert "credits having taken back all that was bought in a period: 1." in said
    assert "too few" not in said


def test_credits_alone_are_neither_new_nor_gone():
    # What an unknown product gave back, 40, where none was bought in either period.
    credited = {"after": -40.0, "change": -40.0, "status": "credits"}
    rows = pd.concat([BRANCHES.iloc[:2], BRANCHES.iloc[2:].assign(**credited)])
    said = plain(sentences.sales.branches(rows, whole=tree(), lang="en"))
    assert said.endswith("Credits alone, nothing bought in either period: 1.")
    assert "Sold in one period only" not in said
    assert "Credits alone" not in plain(sentences.sales.branches(BRANCHES, whole=tree(), lang="en"))
    alt = plain(plots.branch_changes(rows, lang="fr").figure.alt)
    assert "Inconnu (avoirs seuls) −40" in alt
    assert "arrêté" not in alt


def test_no_more_than_five_that_grew_are_named():
    names = [f"Hat {n}" for n in range(7)]
    rows = pd.concat([BRANCHES.iloc[:1]] * 7, ignore_index=True).assign(category=names)
    still = tree()._replace(months_error=0.0)
    said = plain(sentences.sales.branches(rows, whole=still, lang="en"))
    assert "growing: 7 (Hat 0, Hat 1, Hat 2, Hat 3, Hat 4, \u2026); shrinking: 0;" in said


def test_what_the_data_lack_is_said_in_place_of_results():
    lacks, nothing = ["order_lines.quantity"], pd.DataFrame()
    holed = SEASON.months.assign(unpriced=[*[0.0] * 22, 0.1, 0.2])
    told = plain(sentences.sales.season(sales.Season(holed, 2), lang="en"))
    assert "by more than the luck of who buys: 10; below: 0; one cannot tell: 2." in told
    assert "of the other (November 2025; December 2025): these changes are partly that" in told
    most = sales.Season(holed.assign(unpriced=0.1), 2)
    assert "who buys: 0; below: 0; one cannot tell: 12." in plain(
        sentences.sales.season(most, lang="en")
    )
    assert "(12 of 12)" in plain(sentences.sales.season(most, lang="en"))
    few = SEASON._replace(months=SEASON.months.assign(low=np.nan, high=np.nan))
    caption = plots.year_on_year(few, lang="en").figure.caption
    assert caption.startswith("No interval is known: customers are too few")
    assert plots.year_on_year(SEASON, lang="en").figure.caption.startswith("Bars: 95% interval")
    hollow = plots.year_on_year(sales.Season(holed, 2), lang="en").figure
    assert "Hollow, without a bar: prices are missing" in hollow.caption
    assert plain(hollow.alt).count(" to ") == 10
    assert "Hollow" not in plots.year_on_year(SEASON, lang="en").figure.caption
    empty = sales.Season(SEASON.months.iloc[:0], 0)
    said = [
        sentences.sales.prices(None, lang="en", lacks=lacks),
        sentences.sales.branches(nothing, whole=None, lang="en", lacks=lacks),
        sentences.sales.funnel(nothing, lang="en", lacks=lacks),
        sentences.sales.conversion(None, lang="en", lacks=lacks),
        sentences.sales.steps(nothing, lang="en", lacks=lacks),
        sentences.sales.assortment(None, lang="en", lacks=lacks),
        plots.price_table(None, lang="en", lacks=lacks),
        plots.branch_table(nothing, lang="en", lacks=lacks),
        plots.funnel_table(nothing, lang="en", lacks=lacks),
        plots.traffic_table(nothing, lang="en", lacks=lacks),
    ]
    assert all("order_lines.quantity" in str(one) for one in said)
    assert "Whole months in the data: 0." in plain(sentences.sales.season(empty, lang="en"))
    for ax in (
        plots.season_lines(empty, lang="en"),
        plots.year_on_year(empty, lang="en"),
        plots.funnel_bars(nothing, lang="en"),
        plots.conversion_windows(None, lang="en"),
        plots.step_differences(nothing, lang="en"),
        plots.branch_changes(nothing, lang="en"),
    ):
        assert ax.figure.message
