"""Figures, tables and sentences of customer lifetime value: what they say, and when they cannot."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from marketing_kpi import clv, plots
from marketing_kpi.plots import sentences


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def words(axis):
    return {text.get_text() for text in axis.get_figure().findobj(Text) if text.get_text()}


RATES = pd.DataFrame(
    {
        "box": ["best", "at_risk", None],
        "active": [900.0, 100.0, 5.0],
        "lost": [180.0, 60.0, 1.0],
        "rate": [0.2, 0.6, 0.2],
        "low": [0.175, 0.5, 0.04],
        "high": [0.228, 0.69, 0.62],
        "lifespan_months": [60.0, 20.0, 60.0],
        "lifespan_low": [52.0, 17.0, 19.0],
        "lifespan_high": [69.0, 24.0, 300.0],
        "reason": [None, None, None],
    }
)
WHOLE = RATES.iloc[:1].drop(columns="box")
CONTEXT = {"start": "2025-01-01", "end": "2026-01-01", "activity_days": 365}
VERDICT = clv.Verdict("ok", None, 500, 26.0, 210, 205.4, 180.0, 232.0, -0.02)


def test_groups_are_named_counted_and_ordered_by_their_rate():
    axis = plots.attrition_rates(RATES, lang="fr", overall=0.3)
    names = [plain(tick.get_text()) for tick in axis.get_yticklabels()]
    assert names == ["À risque (100)", "Meilleurs (900)", "Inconnu (5)"]
    assert "À risque (100) 60,0 % (de 50,0 % à 69,0 %)" in plain(axis.get_figure().alt)


def test_a_group_without_an_interval_is_hollow():
    axis = plots.attrition_rates(RATES.assign(low=np.nan, high=np.nan), lang="en")
    assert all(line.get_markerfacecolor() == "white" for line in axis.get_lines())


def test_attrition_is_said_with_its_window_and_interval():
    said = plain(sentences.clv.attrition(WHOLE, lang="en", **CONTEXT))
    assert "900 customers active on January 1, 2025" in said
    assert "attrition of 20.0% (95% interval: 17.5% to 22.8%)" in said
    assert "stays 60 months on average (52 months to 69 months)" in said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("short_history", "do not cover the days"),
        ("no_customers", "nothing to lose"),
        ("no_loss", "no finite lifespan follows, but at least 52 months"),
    ],
)
def test_a_rate_that_tells_no_lifespan_says_why(reason, said):
    row = WHOLE.assign(reason=reason, lifespan_months=None)
    assert said in plain(sentences.clv.attrition(row, lang="en", **CONTEXT))


def test_groups_are_told_apart_only_where_their_intervals_are():
    apart = plain(sentences.clv.lost_most(RATES.iloc[:2], lang="en"))
    assert apart.startswith("“At risk” lost 60.0%, “Best” 20.0%")
    near = RATES.iloc[:2].assign(low=0.1, high=0.7)
    assert "one cannot tell them apart" in plain(sentences.clv.lost_most(near, lang="en"))
    assert "no two groups" in plain(sentences.clv.lost_most(RATES.iloc[:1], lang="en"))


SIMPLE = clv.Simple(80.0, 3.0, 0.4, 2.5, 240.0, 210.0, 274.0, 600.0, 0.6, 0.57, 0.63)


def test_the_simple_formula_shows_its_parts_and_warns_of_revenue():
    text = plain(plots.simple_cltv(SIMPLE, lang="en").to_text())
    assert "Simple CLTV, in margin  $240.00" in text
    assert "95% interval of the CLTV: $210.00 to $274.00." in text
    said = plain(sentences.clv.simple(SIMPLE, lang="fr"))
    assert "un client vaut 240 $ de marge" in said
    assert "600 $ : ce n'est pas ce que l'on peut dépenser" in said


def test_without_a_margin_rate_the_table_asks_for_one():
    none = SIMPLE._replace(gross_margin_rate=None, cltv=None, low=None, high=None)
    assert "give margin_rate" in plain(plots.simple_cltv(none, lang="en").to_text())
    assert "cannot be worked out" in plain(sentences.clv.simple(none, lang="en"))


def test_doubling_six_months_is_held_against_twelve():
    frame = pd.DataFrame({"months": [6, 12], "yearly": [4.6, 3.1]})
    assert "Doubling is off by +48%" in plain(sentences.clv.frequencies(frame, lang="en"))
    assert "too short" in plain(sentences.clv.frequencies(frame.iloc[1:], lang="en"))


def test_the_top_of_the_whale_curve_is_marked():
    curve = clv.whale_curve(pd.DataFrame({"profit": [30.0, -20.0, 90.0, 0.0]}))
    axis = plots.whale_curve(curve, lang="en")
    assert "rises to $120.00 with 50% of customers, then falls to $100.00" in plain(
        axis.get_figure().alt
    )


def test_without_a_cost_of_serving_nobody_is_called_unprofitable():
    found = clv.unprofitable(pd.DataFrame({"net_sales": [9.0, 5.0], "profit": [3.0, -1.0]}))
    costs = ["fulfilment_cost", "payment_cost", "returns_cost", "marketing_cost"]
    none = sentences.clv.unprofitable(found, lang="en", lacking=costs)
    assert "one cannot tell" in plain(none)
    some = sentences.clv.unprofitable(found, lang="en", lacking=costs[1:])
    assert plain(some).startswith("1 customers of 2")


def test_costs_that_the_data_lack_are_named():
    totals = pd.DataFrame(
        {
            "part": ["net_sales", "gross_profit", "payment_cost", "profit"],
            "total": [100.0, 40.0, None, 40.0],
            "per_customer": [10.0, 4.0, None, 4.0],
        }
    )
    text = plain(plots.customer_costs(totals, lang="fr").to_text())
    assert "Absents des données, donc non déduits : Frais de paiement." in text
    nothing = plots.customer_costs(totals.assign(total=None), lang="en")
    assert "No customer's profit is known" in plain(nothing)


def test_a_forecast_is_said_with_what_came_of_it():
    said = plain(sentences.clv.held_out(VERDICT, lang="en"))
    assert "210 purchases, foretold 205 (95% prediction interval: 180 to 232)" in said
    assert "the forecast held" in said
    none = VERDICT._replace(
        answer="cannot_tell", reason="no_cohort", predicted=None, low=None, high=None
    )
    assert "No customer was there before" in plain(sentences.clv.held_out(none, lang="en"))


@pytest.mark.parametrize("answer", ["ok", "too_low", "too_high"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_answer_of_a_holdout_has_words(answer, lang):
    assert len(str(sentences.clv.held_out(VERDICT._replace(answer=answer), lang=lang))) > 60


ACQUIRED = pd.DataFrame(
    {
        "acquisition_channel": ["paid_search", "social", "<b>x</b>", None],
        "new_customers": [200, 100, 40, 5],
        "cac": [50.0, 80.0, 90.0, None],
        "cltv": [100.0, 84.0, 60.0, 70.0],
        "basis": "historical",
        "after_service": [90.0, 80.0, 50.0, 60.0],
        "margin_median": [60.0, 50.0, 40.0, 30.0],
        "cltv_to_cac": [2.0, 1.05, 0.67, None],
        "ratio_low": [1.6, 0.8, 0.5, None],
        "ratio_high": [2.5, 1.4, 0.9, None],
        "revenue_to_cac": [4.0, 2.1, 1.3, None],
        "below_cac": [0.4, 0.6, 0.7, None],
        "payback_months": [5.0, None, None, None],
        "verdict": ["pays_back", "cannot_tell", "not_yet", "no_spend"],
    }
)


def test_channels_are_judged_by_their_interval():
    said = plain(sentences.clv.acquisition(ACQUIRED, lang="fr"))
    assert said.startswith("Se remboursent : Recherche payante.")
    assert "avant les retours" not in said
    before = ACQUIRED.assign(after_service=None)
    assert "avant les retours et le service" in plain(sentences.clv.acquisition(before, lang="fr"))
    note = plain(plots.acquisition_table(before, lang="en").to_text())
    assert "before returns and service" in note
    assert "l'intervalle contient le coût : Réseaux sociaux." in said
    text = plain(plots.acquisition_table(ACQUIRED, lang="en").to_text())
    assert "2.0 (1.6 to 2.5)" in text
    assert "No spend recorded" in text


def test_all_customers_together_have_a_name():
    whole = ACQUIRED[:1].rename(columns={"acquisition_channel": "group"}).assign(group="all")
    assert "Pay back: All customers." in plain(sentences.clv.acquisition(whole, lang="en"))
    assert "All customers" in plain(plots.acquisition_table(whole, lang="en").to_text())
    months = pd.DataFrame({"group": "all", "month": [0, 1], "customers": 200, "margin": [9.0, 75]})
    axis = plots.payback_curve(months, lang="en", cac={"all": 50.0})
    assert "All customers 1.5" in plain(axis.get_figure().alt)


FORETOLD = pd.DataFrame(
    {"customers": [10], "cltv": [900.0], "cltv_mean": [90.0], "cltv_mean_low": [80.0]}
).assign(cltv_mean_high=101.0)
NEW = clv.NewCustomer(*[50.0] * len(clv.NewCustomer._fields))


def fitted(frequency, recency, weeks):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"customer_id": range(400), "frequency": frequency(rng)})
    frame["recency"] = np.where(frame["frequency"] > 0, recency(rng), 0.0)
    return clv.fit_bg_nbd(frame.assign(T=weeks), unit="week")


def test_money_foretold_repeats_what_limits_it():
    fit = fitted(lambda rng: rng.geometric(0.5, 400) - 1, lambda rng: rng.uniform(1, 40, 400), 52.0)
    assert fit.foretells
    said = {"lang": "en", "is_margin": True, "fit": fit, "verdict": VERDICT}
    near = plain(sentences.clv.predicted(FORETOLD, months=6, **said))
    assert near.endswith("$90 each ($80 to $101).")
    far = plain(sentences.clv.predicted(FORETOLD, months=36, **said))
    assert "further ahead than any customer was observed (12 months)" in far
    said["verdict"] = VERDICT._replace(answer="too_high")
    assert "foretold too much" in plain(sentences.clv.predicted(FORETOLD, months=6, **said))
    assert "foretold too much" in plain(sentences.clv.new_customer(NEW, months=6, **said))


def test_no_money_is_foretold_under_a_diagnosis():
    fit = clv.fit_bg_nbd(
        pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 5.0})
    )
    said = {"lang": "en", "is_margin": True, "fit": fit, "verdict": VERDICT, "months": 6}
    told = [sentences.clv.predicted(FORETOLD, **said), sentences.clv.new_customer(NEW, **said)]
    assert all(plain(text).startswith("Nothing could be foretold. ") for text in told)
    assert "Nothing" in plain(plots.predicted_table(FORETOLD, lang="en", fit=fit))


def test_names_of_channels_are_text_and_no_markup():
    html = plots.acquisition_table(ACQUIRED, lang="en").to_html()
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_payback_is_drawn_where_a_cost_is_known():
    months = pd.DataFrame(
        {
            "acquisition_channel": ["paid_search"] * 2 + ["social"] * 2,
            "month": [0, 1, 0, 1],
            "customers": [200, 200, 100, 100],
            "margin": [25.0, 50.0, 20.0, 40.0],
        }
    )
    costs = {"paid_search": 50.0, "social": None}
    axis = plots.payback_curve(months, lang="en", cac=costs)
    assert "Paid search 1.0" in plain(axis.get_figure().alt)
    assert "Social networks" not in words(axis)


NOTHING = [
    (plots.attrition_rates, RATES.iloc[:0]),
    (plots.attrition_windows, WHOLE.assign(activity_days=365, rate=np.nan)),
    (plots.discounted_years, pd.DataFrame({"year": [], "total": []})),
    (plots.whale_curve, pd.DataFrame({"customers_share": [], "profit": []})),
    (plots.holdout_by_frequency, pd.DataFrame({"actual_mean": [], "predicted_mean": []})),
    (plots.holdout_tracking, pd.DataFrame({"predicted_total": []})),
    (plots.alive_counts, pd.DataFrame({"low": [], "high": [], "customers": []})),
    (plots.predicted_by_group, pd.DataFrame({"box": [], "cltv_mean": []})),
    (plots.payback_curve, pd.DataFrame({"acquisition_channel": [], "month": [], "customers": []})),
]


@pytest.mark.parametrize(("draw", "frame"), NOTHING, ids=[draw.__name__ for draw, _ in NOTHING])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_to_draw_is_said(draw, frame, lang):
    axis = draw(frame, lang=lang)
    assert axis.get_figure().message


def test_tables_without_a_row_say_so():
    assert "No customers" in plain(plots.cltv_cohorts(pd.DataFrame(), lang="en"))
    assert "Nothing could be foretold" in plain(
        plots.predicted_table(pd.DataFrame({"cltv": [None]}), lang="en")
    )
    assert "No customer was acquired" in plain(
        plots.acquisition_table(ACQUIRED.iloc[:0], lang="en")
    )


def test_the_best_customers_come_first_and_ties_by_their_id():
    frame = pd.DataFrame(
        {
            "customer_id": ["b", "a", "c"],
            "purchases": [1.0, 1.0, 3.0],
            "value": [10.0, 10.0, 10.0],
            "cltv": [5.0, 5.0, 15.0],
            "low": [4.0, 4.0, 12.0],
            "high": [6.0, 6.0, None],
        }
    )
    shown = plots.predicted_table(frame, lang="en", most=2).rows
    assert [row[0] for row in shown] == ["c", "a"]
