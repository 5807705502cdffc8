"""Figures, tables and sentences of margins and promotions: words, numbers, nothing to show."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from marketing_kpi import plots
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.margins import STEPS, BreakEven
from marketing_kpi.plots import sentences
from marketing_kpi.plots.margins import promotion_name
from marketing_kpi.promotions.effects import COLUMNS, Study

DAY = pd.Timestamp("2025-01-01")
LONG = "Vêtements de plein air et accessoires de randonnée pour enfants"


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def words(figure):
    return {text.get_text() for text in figure.findobj(Text) if text.get_text().strip()}


MARGINS = pd.DataFrame({
    "category": [LONG, "Hats", None],
    "net_sales": [1000.0, 500.0, 100.0],
    "cost_of_goods_sold": [600.0, 200.0, 90.0],
    "gross_profit": [400.0, 300.0, 10.0],
    "gross_margin_rate": [0.4, 0.6, 0.1],
    "markup_rate": [2 / 3, 1.5, 1 / 9],
    "profit_share": [400 / 710, 300 / 710, 10 / 710],
})  # fmt: skip
AMOUNTS = [1600, -890, 710, -60, -40, 10, 620, -500, 120]
LEVELS = pd.DataFrame({"step": STEPS, "amount": [float(a) for a in AMOUNTS]})
LEVELS["rate"] = LEVELS.amount / 1600
UNTOLD = LEVELS.assign(
    amount=LEVELS.amount.where(LEVELS.index < 4), rate=LEVELS.rate.where(LEVELS.index < 4)
)
BY_DAY = pd.DataFrame({
    "day": pd.date_range(DAY, periods=100), "net_sales": np.arange(1, 101) * 10.0,
    "contribution": np.arange(1, 101) * 4.0,
})  # fmt: skip
MONTHS = tuple(dt.date(2025, month, 1) for month in (1, 2, 3))
EVEN = BreakEven(
    200.0, 1000.0, 0.4, 500.0, 50.0, 100, 0.5, dt.date(2025, 2, 19), BY_DAY, 1.0, MONTHS, 3
)  # fmt: skip
SHORT = EVEN._replace(fixed_costs=600.0, revenue=1500.0, days=150.0, safety=-0.5, reached_on=None)
NEVER = EVEN._replace(rate=-0.1, revenue=None, days=None, safety=None, reached_on=None)


def promotion(**values):
    row = dict.fromkeys(COLUMNS) | {
        "promotion_id": "x", "name": "Soldes", "starts_on": DAY, "days": 14, "cost": 10.0,
        "ends_on": DAY + pd.Timedelta(days=13), "supplier_funding": 0.0, "verdict": "cannot_tell",
    }  # fmt: skip
    return row | values


MEASURED = {
    "units": 300.0, "baseline": 200.0, "baseline_low": 170.0, "baseline_high": 230.0,
    "extra": 100.0, "extra_low": 70.0, "extra_high": 130.0, "lift": 0.5, "needed_lift": 0.8,
    "lift_low": 0.4, "lift_high": 0.7,
    "lost": 20.0, "lost_low": -5.0, "lost_high": 45.0, "pulled": 30.0, "pulled_low": 4.0,
    "pulled_high": 56.0, "margin": -900.0, "margin_low": -1500.0, "margin_high": -300.0,
    "verdict": "lower", "cannibalisation": 0.2,
}  # fmt: skip
ROWS = pd.DataFrame([
    promotion(**MEASURED),
    promotion(promotion_id="y", name=None, reason="whole_shop"),
    promotion(promotion_id="z", name="Tout", reason="whole_shop"),
], columns=COLUMNS)  # fmt: skip
NUMBERS = [name for name in COLUMNS if name not in
           ("promotion_id", "name", "starts_on", "ends_on", "reason", "verdict")]  # fmt: skip
ROWS[NUMBERS] = ROWS[NUMBERS].astype(float)
TRACK = pd.DataFrame({
    "promotion_id": "x", "week": pd.date_range(DAY - pd.Timedelta(days=21), periods=8, freq="7D"),
    "kind": ["other", "reference", "reference", "promotion", "promotion", "after", "after",
             "reference"],
    "units": [90.0, 100, 104, 150, 150, 80, 90, 99], "baseline": 100.0, "low": 80.0, "high": 120.0,
})  # fmt: skip
RATES = pd.DataFrame({
    "rate": ["lift", "cannibalisation", "pull_forward", "halo"],
    "value": [0.5, 0.2, 0.15, np.nan], "low": [0.4, 0.1, 0.05, -0.8],
    "high": [0.6, 0.3, 0.25, 0.6],
})  # fmt: skip
TOTAL = pd.DataFrame({
    "promotions": [1], "margin": [-900.0], "low": [-1500.0], "high": [-300.0], "verdict": ["lower"],
    "needed_halo": [0.25],
})  # fmt: skip
STUDY = Study(ROWS, RATES, TOTAL, TRACK)
NOTHING = Study(ROWS.iloc[1:].reset_index(drop=True), RATES.head(0), TOTAL.head(0), TRACK.head(0))

FIGURES = [
    (plots.margin_rates, MARGINS, ("40.0%", "66.7%", "Hats")),
    (plots.sales_split, LEVELS, ("55.6", "7.5")),
    (plots.break_even_lines, EVEN, ("$500", "$1,000", "$200")),
    (plots.break_even_calendar, EVEN, ("February 19, 2025", "$200")),
    (plots.promotion_track, STUDY, ("300", "200", "170", "230", "Soldes")),
    (plots.promotion_margins, STUDY, ("−$900", "−$1,500", "−$300")),
    (plots.promotion_rates, STUDY, ("50.0%", "25.0%")),
]


@pytest.mark.parametrize(
    ("draw", "result", "told"), FIGURES, ids=lambda x: getattr(x, "__name__", "")
)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_figure_says_what_it_shows(draw, result, told, lang):
    figure = draw(result, lang=lang).figure
    assert figure.alt
    assert figure.caption
    if lang == "en":
        assert [text for text in told if text not in plain(figure.alt)] == []
    figure.draw_without_rendering()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_to_draw_is_said(lang):
    nothing = [
        plots.margin_rates(MARGINS.head(0), lang=lang, lacks=["order_lines.unit_cost"]),
        plots.sales_split(LEVELS.head(0), lang=lang),
        plots.break_even_lines(None, lang=lang, lacks=["fixed_costs.month"]),
        plots.break_even_calendar(None, lang=lang),
        plots.break_even_lines(NEVER._replace(rate=None), lang=lang),
        *(draw(study, lang=lang) for study in (None, NOTHING) for draw in
          (plots.promotion_track, plots.promotion_margins, plots.promotion_rates)),
    ]  # fmt: skip
    assert all(axis.figure.message for axis in nothing)
    assert "order_lines.unit_cost" in nothing[0].figure.message


def test_long_names_stay_short_and_in_the_figure():
    shown = words(plots.margin_rates(MARGINS, lang="fr").figure)
    assert LONG not in shown
    assert any(text.startswith("Vêtements de plein") and text.endswith("…") for text in shown)


def test_tables_hold_the_numbers():
    text = plain(plots.margin_table(MARGINS, lang="en").to_text())
    assert "Unknown" in text
    assert "66.7%" in text
    text = plain(plots.level_table(UNTOLD, lang="en").to_text())
    assert "A dash: the data do not tell that cost" in text
    parts = pd.DataFrame({
        "channel": ["web", None], "allocated": [True, False], "net_sales": [100.0, 0.0],
        "cost": [60.0, 0.0], "fulfilment_cost": [5.0, 0.0], "payment_cost": [2.0, 0.0],
        "promotion_cost": [0.0, 9.0], "contribution_margin": [33.0, -9.0],
        "contribution_margin_rate": [0.33, np.nan],
    })  # fmt: skip
    text = plain(plots.contribution_table(parts, lang="en").to_text())
    assert "Not allocated" in text
    assert "33.0%" in text
    assert "order_lines" in str(
        plots.margin_table(MARGINS.head(0), lang="en", lacks=["order_lines"])
    )


@pytest.mark.parametrize(("lang", "words"), [("en", "2 of 3"), ("fr", "2 sur 3")])
def test_rows_whose_columns_do_not_add_up_are_told(lang, words):
    # of Hats 150 and of the last row 40 of cost are of lines whose price is not known
    apart = MARGINS.assign(cost_of_goods_sold=[600.0, 350.0, 130.0])
    assert plain(plots.margin_table(apart, lang=lang).to_text()).count(words) == 1
    assert plots.margin_table(MARGINS, lang=lang).notes == ()


def test_the_table_of_units_holds_the_promotions_that_are_measured():
    table = plots.promotion_unit_table(STUDY, lang="en")
    text = plain(table.to_text())
    assert "100 (70 to 130)" in text
    assert "Tout" not in text
    names = [column["name"] for column in table.payload()["columns"]]
    assert {"extra_low", "pulled_high", "units", "promotion_id"} <= {*names}
    assert plots.promotion_unit_table(NOTHING, lang="en") is None
    assert plots.promotion_unit_table(None, lang="en") is None


def test_the_table_of_promotions_says_once_why_it_cannot_tell():
    table = plots.promotion_table(STUDY, lang="en")
    text = plain(table.to_text())
    head = [column.name for column in table.columns]
    assert head[:3] == ["promotion", "margin_said", "verdict"]
    assert "−$900 (−$1,500 to −$300)" in text
    assert "lost" in text
    assert text.count("more than half of the shop was on promotion") == 1
    assert "y, Tout: the data cannot tell" in text
    names = [column["name"] for column in table.payload()["columns"]]
    assert {"margin_low", "margin_high", "promotion_id"} <= {*names}
    assert str(plots.promotion_table(None, lang="en")) == "No promotion began in the period."


def test_a_promotion_without_a_name_goes_by_its_id():
    assert [promotion_name(row) for row in ROWS.to_dict("records")] == ["Soldes", "y", "Tout"]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("verdict", ["higher", "lower", "cannot_tell"])
def test_sentences_follow_the_verdict(lang, verdict):
    study = STUDY._replace(total=TOTAL.assign(verdict=verdict))
    said = plain(sentences.margins.promotions(study, lang=lang))
    assert "900" in said
    assert "1,500" in said or "1 500" in said
    if lang == "en":
        advice = {
            "higher": "earned the shop margin", "lower": "cost the shop margin",
            "cannot_tell": "cannot tell whether",
        }  # fmt: skip
        assert [key for key, words in advice.items() if words in said] == [verdict]


def test_sentences_of_margins_and_break_even():
    span = {"start": "2025-01-01", "end": "2026-01-01", "lang": "en"}
    whole = MARGINS.head(1).drop(columns="category")
    said = plain(sentences.margins.kept(whole, **span))
    assert "40.0% on price" in said
    assert "66.7% on cost" in said
    assert "not known" not in said
    partly = whole.assign(net_sales=1250.0)
    gap = Gap(dt.date(2025, 3, 2), dt.date(2025, 7, 1))
    for one in (whole, partly):
        told = plain(sentences.margins.kept(one, gap=gap, **span))
        assert told.count("Days without any order, March 2, 2025 to June 30, 2025") == 1
    said = plain(sentences.margins.kept(partly, **span))
    assert "net sales of $1,000 leave" in said
    assert "that of 20.0% of the $1,250 of net sales is not" in said
    assert "they lack a.b" in plain(sentences.margins.kept(whole.head(0), lacks=["a.b"], **span))
    assert "no sale" in plain(sentences.margins.kept(whole.head(0), **span))
    said = plain(sentences.margins.spread(MARGINS, lang="en"))
    assert "Hats" not in said.split(" keeps least")[0]
    assert f"{LONG} keeps least" in said
    assert sentences.margins.spread(MARGINS.head(1), lang="en") is None
    assert "$620" in plain(sentences.margins.steps(LEVELS, lang="en"))
    assert "stays unknown" in plain(sentences.margins.steps(UNTOLD, lang="en"))
    assert "50 days" in plain(sentences.margins.break_even(EVEN, lang="en"))
    assert "50.0% higher" in plain(sentences.margins.break_even(SHORT, lang="en"))
    assert "no volume" in plain(sentences.margins.break_even(NEVER, lang="en"))


def test_no_row_is_named_as_keeping_least_where_others_keep_as_much():
    rates = {"gross_margin_rate": 0.5, "gross_profit": [50.0, 30.0, 20.0]}
    even = pd.DataFrame({"category": ["Shoes", "Coats", "Hats"], "markup_rate": 1.0, **rates})
    even["profit_share"] = even["gross_profit"] / 100
    most = "Shoes brings most: $50, 50.0% of the gross profit. "
    said = plain(sentences.margins.spread(even, lang="en"))
    assert said == f"{most}All keep as much of each sale: 50.0%."
    two = even.assign(gross_margin_rate=[0.6, 0.50001, 0.5])
    told = plain(sentences.margins.spread(two, lang="en"))
    assert told == f"{most}Those that keep least of each sale, 2 of 3, keep 50.0%."
    one = plain(
        sentences.margins.spread(even.assign(gross_margin_rate=[0.6, 0.55, 0.5]), lang="en")
    )
    assert "Hats keeps least of each sale: 50.0%." in one


def test_doubts_about_the_break_even_are_said():
    said = plain(sentences.margins.break_even(EVEN, lang="en"))
    assert "month" not in said
    assert "known cost" not in said
    some = EVEN._replace(asked_months=12)
    said = plain(sentences.margins.break_even(some, lang="en"))
    assert "Months whose fixed costs are known: 3 of 12" in said
    assert "January 2025" in said
    assert "March 2025" in said
    for result in (EVEN, NEVER):
        said = plain(sentences.margins.break_even(result._replace(costed_share=0.5), lang="en"))
        assert "Only 50.0% of net sales have costs that are all known" in said


UNKNOWN = pd.DataFrame({
    "what": ["net_sales", "fulfilment_cost", "payment_cost", "promotion_cost"],
    "unknown": [400.0, 3.0, 0.0, 1.0], "all": [2000.0, 40.0, 90.0, 2.0],
})  # fmt: skip


@pytest.mark.parametrize("levels", [LEVELS, UNTOLD])
@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["parcels (3 of 40), promotions (1 of 2)", "$1,600 of net sales out of $2,000"]),
     ("fr", ["colis (3 sur 40), promotions (1 sur 2)", "1 600 $ de ventes nettes sur 2 000 $"])],
)  # fmt: skip
def test_the_costs_that_are_not_known_are_counted(levels, lang, words):
    said = plain(sentences.margins.steps(levels, lang=lang, unknown=UNKNOWN))
    assert [text for text in words if text not in said] == []
    whole = UNKNOWN.assign(unknown=[400.0, 0, 0, 0])  # goods of unknown cost, told elsewhere
    for known in (None, whole):
        said = plain(sentences.margins.steps(levels, lang=lang, unknown=known))
        assert words[0].split(" ")[0] not in said


def test_without_any_known_cost_no_break_even_is_drawn_nor_told():
    nothing = NEVER._replace(rate=None, costed_share=0.0)
    said = plain(sentences.margins.break_even(nothing, lang="en"))
    assert "No sale of a known cost." in said
    assert "no volume" not in said
    assert plots.break_even_calendar(nothing, lang="en").figure.message


@pytest.mark.parametrize(
    ("low", "high", "verdict", "words"),
    [(100.0, 900.0, "cannot_tell", "before all that they cost: one cannot tell"),
     (-900.0, 100.0, "cannot_tell", "leave some stores out"),
     (-900.0, -100.0, "lower", "needed at least 0.25 units")],
)  # fmt: skip
def test_the_cost_of_a_promotion_is_said_to_be_left_out_where_it_is_unknown(
    low, high, verdict, words
):
    rows = ROWS.assign(cost=np.nan, margin_low=low, margin_high=high, verdict=verdict)
    study = STUDY._replace(promotions=rows, total=TOTAL.assign(low=low, high=high, verdict=verdict))
    said = plain(sentences.margins.promotions(study, lang="en"))
    assert words in said
    assert "For 1 of these 1, the data do not tell the cost" in said
    assert "bought ahead" not in said
    note = "Soldes: its cost is not known and is left out"
    assert note in plain(plots.promotion_table(study, lang="en").to_text())
    assert note in plain(plots.promotion_margins(study, lang="en").figure.caption)
    assert "do not tell the cost" not in plain(sentences.margins.promotions(STUDY, lang="en"))
    assert "its cost is not known" not in plain(plots.promotion_table(STUDY, lang="en").to_text())


@pytest.mark.parametrize("study", [STUDY, NOTHING])
def test_lines_without_a_quantity_are_counted(study):
    words = "Lines sold without a known quantity: 3 of 1,200; they count as no unit."
    some = study._replace(uncounted=3, lines=1200)
    assert words in plain(sentences.margins.promotions(some, lang="en"))
    assert "quantity" not in plain(sentences.margins.promotions(study, lang="en"))


def test_why_no_result_is_told():
    unknown = LEVELS["step"] == "result"
    part = LEVELS.assign(amount=LEVELS.amount.mask(unknown), rate=LEVELS.rate.mask(unknown))
    assert "cost of part of its sales" in plain(sentences.margins.steps(part, lang="en"))
    assert "No result" in plain(plots.level_table(part, lang="en").to_text())
    fixed = unknown | (LEVELS["step"] == "fixed_costs")
    cut = LEVELS.assign(amount=LEVELS.amount.mask(fixed), rate=LEVELS.rate.mask(fixed))
    assert "not for all days" in plain(sentences.margins.steps(cut, lang="en"))
    figure = plots.break_even_lines(None, lang="en").figure
    assert "cuts a month" in figure.message


def test_a_negative_cost_is_explained_where_there_is_one():
    assert "A negative cost" in plots.sales_split(LEVELS, lang="en").figure.caption
    paid = LEVELS.assign(rate=LEVELS.rate.where(LEVELS.step != "promotion_cost", -0.01))
    assert "A negative cost" not in plots.sales_split(paid, lang="en").figure.caption


@pytest.mark.parametrize(
    ("high", "words", "advised"),
    [(0.6, "do not rule out", False), (0.2, "more than the data allow", True),
     (np.nan, "cannot measure", False)],
)  # fmt: skip
def test_a_loss_says_which_halo_would_undo_it(high, words, advised):
    rates = RATES.assign(high=RATES.high.where(RATES.rate != "halo", high))
    said = plain(sentences.margins.promotions(STUDY._replace(together=rates), lang="en"))
    assert "0.25 units of other categories" in said
    assert words in said
    assert ("smaller discounts" in said) == advised


@pytest.mark.parametrize(
    ("low", "high", "verdict", "words"),
    [(100.0, 900.0, "cannot_tell", "before what customers bought ahead: one cannot tell"),
     (-900.0, 100.0, "cannot_tell", "leave some stores out"),
     (-900.0, -100.0, "lower", "needed at least 0.25 units")],
)  # fmt: skip
def test_what_was_bought_ahead_is_said_where_it_is_unknown(low, high, verdict, words):
    rows = ROWS.assign(pulled=np.nan, margin_low=low, margin_high=high, verdict=verdict)
    study = STUDY._replace(promotions=rows, total=TOTAL.assign(low=low, high=high, verdict=verdict))
    said = plain(sentences.margins.promotions(study, lang="en"))
    assert words in said
    assert "For 1 of these 1, what customers bought ahead is not known" in said
    assert ("leave some stores out of the promotion" in said) == (low < 0 < high)
    note = "Soldes: what customers bought ahead is not known"
    assert note in plain(plots.promotion_table(study, lang="en").to_text())
    assert note in plain(plots.promotion_margins(study, lang="en").figure.caption)
    assert "bought ahead" not in plain(sentences.margins.promotions(STUDY, lang="en"))
    assert "bought ahead" not in plain(plots.promotion_table(STUDY, lang="en").to_text())


def test_intervals_in_french_begin_with_de():
    assert "à 95 % : de −1 500" in plain(sentences.margins.promotions(STUDY, lang="fr"))
    assert "à 95 % : de 70 à 130" in plain(sentences.margins.track(STUDY, lang="fr"))


def test_a_promotion_that_still_runs_is_marked():
    running = ROWS.assign(days=7.0)
    text = plain(plots.promotion_table(STUDY._replace(promotions=running), lang="en").to_text())
    assert "Soldes (still running)" in text
    assert "still running" not in plain(plots.promotion_table(STUDY, lang="en").to_text())


def test_the_sentence_of_a_promotion_compares_with_what_it_needed():
    unsure = STUDY._replace(promotions=ROWS.assign(needed_lift=0.6))
    assert "between 40% and 70%" in plain(sentences.margins.track(unsure, lang="en"))
    assert "it fell short" in plain(sentences.margins.track(STUDY, lang="en"))
    enough = STUDY._replace(promotions=ROWS.assign(needed_lift=0.3))
    assert "it had that" in plain(sentences.margins.track(enough, lang="en"))
    assert sentences.margins.track(NOTHING, lang="en") is None
    assert "below why" in plain(sentences.margins.promotions(NOTHING, lang="en"))
    assert "they lack x.y" in plain(sentences.margins.promotions(None, lang="en", lacks=["x.y"]))
