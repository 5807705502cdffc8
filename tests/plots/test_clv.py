"""Figures, tables and sentences of customer lifetime value: what they say, and when they cannot."""

import datetime as dt
from dataclasses import replace

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
HELD = pd.DataFrame(
    {"frequency": [2, 1], "recency": [5.0, 3.0], "T": 9.0, "actual": [1, 0], "periods": 4.0}
)
VERDICT = clv.Verdict("ok", None, 500, 26.0, 210, 205.4, 180.0, 232.0, -0.02)
TERMS = {"lang": "en", "is_margin": True, "verdict": VERDICT, "season": 1.0}


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


UNKNOWN = pd.DataFrame({"net_sales": [9.0, 5.0, 4.0, 8.0], "profit": [3.0, -1.0, -2.0, None]})
UNKNOWN = UNKNOWN.assign(net_sales_without_cost=[0.0, 0.0, 1.0, 8.0])


def test_who_may_bring_more_than_is_known_is_counted_apart():
    said = plain(sentences.clv.unprofitable(clv.unprofitable(UNKNOWN), lang="en"))
    assert "1 of them also bought goods of unknown cost, and may bring more." in said
    assert said.endswith("1 customer is left out: no cost of their goods is known.")


def test_nobody_who_bought_nothing_is_not_counted():
    found = clv.unprofitable(UNKNOWN)
    assert found.silent == 0
    for lang, words in (("en", "bought nothing"), ("fr", "rien acheté")):
        assert words not in plain(sentences.clv.unprofitable(found, lang=lang))
        silent = found._replace(silent=1, silent_loss=2.0)
        assert words in plain(sentences.clv.unprofitable(silent, lang=lang))


def test_where_none_of_the_unprofitable_bought_nobody_loses_on_what_they_buy():
    found = clv.unprofitable(UNKNOWN)._replace(silent=2, silent_loss=3.0)
    assert found.unprofitable == 2
    for lang, none, others in (("en", "None of them bought", "others"), ("fr", "Aucun", "autres")):
        said = plain(sentences.clv.unprofitable(found, lang=lang))
        assert none in said
        assert others not in said


def test_without_a_cost_of_serving_nobody_is_called_unprofitable():
    found = clv.unprofitable(UNKNOWN.iloc[:2])
    costs = ["fulfilment_cost", "payment_cost", "returns_cost", "marketing_cost"]
    none = sentences.clv.unprofitable(found, lang="en", lacking=costs)
    assert "one cannot tell" in plain(none)
    some = sentences.clv.unprofitable(found, lang="en", lacking=costs[1:])
    assert plain(some).startswith("1 customer of 2 (50.0%) costs more")
    assert "went back on the shelf" not in plain(some)
    unsure = {"lang": "en", "unsure": clv.UnsureReturns(4, 4)}
    lost = sentences.clv.unprofitable(found, **unsure)
    assert plain(lost).endswith("all count as lost. Some of these customers may bring more.")
    unsure["unsure"] = clv.UnsureReturns(1, 4)
    assert "Of 4 returns, 1 does not say" in plain(sentences.clv.unprofitable(found, **unsure))
    unsure["unsure"] = clv.UnsureReturns(0, 4)
    assert "shelf" not in plain(sentences.clv.unprofitable(found, **unsure))


def test_costs_that_the_data_lack_are_named():
    parts = ["net_sales", "net_sales_without_cost", "gross_profit", "payment_cost", "profit"]
    totals = pd.DataFrame(
        {
            "part": parts,
            "total": [100.0, 0.0, 40.0, None, 40.0],
            "per_customer": [10.0, 0.0, 4.0, None, 4.0],
            "customers": 10,
            "left_out": 0,
        }
    )
    text = plain(plots.customer_costs(totals, lang="fr").to_text())
    assert "Absents des données, donc non déduits : Frais de paiement." in text
    assert "le plus élevé qu'il puisse être" in text
    assert "coût inconnu" not in text
    part = totals.assign(left_out=7, total=[100.0, 25.0, 30.0, None, 30.0])
    text = plain(plots.customer_costs(part, lang="en").to_text())
    assert "Of which at an unknown cost" in text
    assert "$25 of goods of unknown cost add nothing to the gross profit" in text
    assert "most that it can be" not in text
    assert "7 customers, none of whose goods has a known cost, are in no amount." in text
    lost = totals.replace({"part": {"payment_cost": "returns_cost"}})
    lost["total"] = [100.0, 0.0, 40.0, 9.0, 31.0]
    assert "shelf" not in plain(plots.customer_costs(lost, lang="en").to_text())
    of_all = plots.customer_costs(lost, lang="en", unsure=clv.UnsureReturns(5, 5))
    assert "went back on the shelf: all count as lost." in plain(of_all.to_text())
    of_some = plots.customer_costs(lost, lang="en", unsure=clv.UnsureReturns(2, 5))
    assert "Of 5 returns, 2 do not say" in plain(of_some.to_text())
    assert 'data-mk-kpi="gross_profit"' in of_some.to_html()
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
        "reason": [None, "interval", None, None],
        "spend": [1e4, 8e3, 3600.0, None],
        "revenue_without_cost": 0.0,
        "after_to_cac": [1.8, 1.0, 0.56, None],
        "after_to_cac_low": [1.5, 0.8, 0.44, None],
        "after_to_cac_high": [2.3, 1.04, 0.8, None],
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
    assert "1.00 (0.80 to 1.04)" in text  # the ratio that the reading rests on
    assert "(1.60 to 2.50)" not in text
    assert "No known cost" in text
    assert "unknown cost" not in text
    text = plain(plots.acquisition_table(before, lang="en").to_text())
    assert "2.00 (1.60 to 2.50)" in text


def test_what_the_averages_of_channels_hide_is_a_table_of_its_own():
    hidden = plots.acquisition_averages(ACQUIRED, lang="en")
    text = plain(hidden.to_text())
    assert "If revenue were taken for margin" in text
    assert "unknown cost" not in text
    assert "unknown cost" in plain(
        plots.acquisition_averages(ACQUIRED.assign(revenue_without_cost=0.1), lang="en").to_text()
    )
    table = plots.acquisition_table(ACQUIRED, lang="en")
    assert "If revenue were taken" not in table.to_text()
    assert [row[0] for row in hidden.rows] == [row[0] for row in table.rows]
    seen = [column for column in table.columns if column.name not in table.hidden]
    assert len(seen) <= 9  # what fits a page without scrolling
    assert plots.acquisition_averages(ACQUIRED.iloc[:0], lang="en") is None
    unknown = ACQUIRED.assign(below_cac=None, margin_median=None, revenue_to_cac=None)
    assert plots.acquisition_averages(unknown, lang="en") is None


def test_a_channel_repaid_later_than_its_payback_is_followed_is_explained():
    """Social networks have a CLTV over their cost (1.05), and no month of payback."""
    later = "some were paid back later"
    assert later in plain(plots.acquisition_table(ACQUIRED, lang="en").to_text())
    assert later not in plain(plots.acquisition_table(ACQUIRED[::2], lang="en").to_text())


def test_a_channel_that_brought_nobody_is_said_with_what_it_cost():
    radio = ACQUIRED.iloc[:1].assign(
        acquisition_channel="radio", verdict="nobody", spend=500.0, new_customers=0, cac=None
    )
    found = pd.concat([ACQUIRED, radio])
    said = plain(sentences.clv.acquisition(found, lang="en"))
    assert "Were paid for and brought nobody: radio ($500)." in said
    assert "Nobody acquired" in plain(plots.acquisition_table(found, lang="en").to_text())
    alone = plain(sentences.clv.acquisition(pd.concat([ACQUIRED.iloc[3:], radio]), lang="en"))
    assert alone.startswith("Some channels were paid for and brought nobody (radio)")
    assert "others have customers and no spend (Not known)" in alone


def test_channels_spelled_otherwise_are_asked_about_though_another_one_matches():
    """A spend on `Email` beside customers of `email`: nobody says that it brought nobody."""
    spelled = ACQUIRED.iloc[[0, 3]].assign(
        acquisition_channel=["Email", "email"],
        verdict=["nobody", "no_spend"],
        new_customers=[0, 60],
    )
    found = pd.concat([ACQUIRED, spelled])
    said = plain(sentences.clv.acquisition(found, lang="en"))
    assert said.startswith("Pay back: Paid search.")
    assert said.endswith(
        "brought nobody (Email), others have customers and no spend (email): are they spelled "
        "alike in the spend and in the contacts?"
    )
    table = plots.acquisition_table(found, lang="fr").to_text().splitlines()
    first = [line.split()[0] for line in table if line.strip()]
    assert {"Email", "email"} <= {*first}
    assert "Courriel" not in first


def test_why_one_cannot_tell_is_said():
    few = ACQUIRED.assign(verdict="cannot_tell", revenue_without_cost=[0.0, 0.5, 0.0, 0.0])
    few["reason"] = ["few_customers", "unknown_costs", "interval", "interval"]
    said = plain(sentences.clv.acquisition(few, lang="en"))
    stock = few.assign(reason="unknown_returns")
    said_of_stock = plain(sentences.clv.acquisition(stock, lang="en"))
    assert "what went back on the shelf: Paid search, Social networks" in said_of_stock
    assert "too few customers were acquired: Paid search." in said
    assert "too much was sold at an unknown cost: Social networks." in said
    text = plain(plots.acquisition_table(few, lang="en").to_text())
    assert "a channel that sold over 5% of them" in text


def test_a_spend_of_unknown_purpose_is_said():
    none = ACQUIRED.assign(verdict="no_spend", spend=None)
    lacking = ["marketing_spend.purpose"]
    assert "not what for" in plain(sentences.clv.acquisition(none, lang="en", lacking=lacking))
    lacking += ["marketing_spend.amount"]
    said = plain(sentences.clv.acquisition(none, lang="en", lacking=lacking))
    assert said == "No cost of acquisition is recorded for these customers."


def test_all_customers_together_have_a_name():
    whole = ACQUIRED[:1].rename(columns={"acquisition_channel": "group"}).assign(group="all")
    assert "Pay back: All customers." in plain(sentences.clv.acquisition(whole, lang="en"))
    assert "All customers" in plain(plots.acquisition_table(whole, lang="en").to_text())
    months = pd.DataFrame({"group": "all", "month": [0, 1], "customers": 200, "margin": [9.0, 75]})
    months["revenue_without_cost"] = 0.0
    axis = plots.payback_curve(months, lang="en", cac={"all": 50.0})
    assert "All customers 1.5" in plain(axis.get_figure().alt)


FORETOLD = pd.DataFrame(
    {"customers": [10], "cltv": [900.0], "cltv_mean": [90.0], "cltv_mean_low": [80.0]}
).assign(cltv_mean_high=101.0)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["b", "a", "c"],
        "purchases": [1.0, 1.0, 3.0],
        "value": [10.0, 10.0, 10.0],
        "cltv": [5.0, 5.0, 15.0],
        "low": [4.0, 4.0, 12.0],
        "high": [6.0, 6.0, None],
    }
)
GROUPS = pd.DataFrame({"box": ["at_risk", "best"], "cltv_mean": [20.0, 80.0]}).assign(
    cltv_mean_low=[15.0, 70.0], cltv_mean_high=[25.0, 91.0]
)
NEW = clv.NewCustomer(*[50.0] * len(clv.NewCustomer._fields))


def spent(times, amounts):
    rows = {"frequency": times, "monetary_value": amounts}
    return clv.fit_gamma_gamma(pd.DataFrame(rows))


def means(customers=400):
    rng = np.random.default_rng(2)
    times = rng.integers(1, 9, customers)
    return times, rng.gamma(4 * times, 1 / rng.gamma(3.5, 1 / 20, customers)) / times


SPENT = spent(*means())


DRAWN = (lambda rng: rng.geometric(0.5, 400) - 1, lambda rng: rng.uniform(1, 40, 400))


def usable():
    return fitted(*DRAWN, 52)


def fitted(frequency, recency, weeks, regularity=None):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"customer_id": range(400), "frequency": frequency(rng)})
    frame["recency"] = np.where(frame["frequency"] > 0, recency(rng), 0.0)
    return clv.fit_bg_nbd(frame.assign(T=weeks), unit="week", regularity=regularity)


def test_a_model_of_purchases_at_random_does_not_fit_fixed_dates():
    fixed = plain(sentences.clv.fixed_dates(0.03, lang="en"))
    assert "buy on regular dates" in fixed
    assert "3% of its mean" in fixed
    assert fixed.endswith("rests on the attrition measured, where the data tell it.")
    assert plain(sentences.clv.fixed_dates(0.96, lang="en")).startswith("No: from one purchase")
    assert sentences.clv.fixed_dates(None, lang="en") is None
    assert "regular" not in plain(sentences.clv.fit(usable(), lang="en"))
    unfit = fitted(*DRAWN, 52, regularity=0.03)
    assert "foretells nothing of them" in plain(sentences.clv.fit(unfit, lang="en"))
    said = {**TERMS, "fit": unfit, "amounts": SPENT}
    for text in (
        sentences.clv.predicted(FORETOLD, months=6, **said),
        sentences.clv.new_customer(NEW, months=6, **said),
    ):
        assert plain(text) == "Nothing is foretold of customers who buy on fixed dates."
    unchecked = clv.holdout_verdict(unfit, HELD)
    assert unchecked.reason == "fixed_dates"
    assert sentences.clv.held_out(unchecked, lang="en") is None
    assert sentences.clv.second_opinion(unchecked, unchecked, lang="en") is None
    assert plain(sentences.clv.fit(unfit, lang="en")).startswith("These customers buy on regular")


def test_a_check_without_a_fit_says_that_nothing_was_fitted():
    bought_once = fitted(lambda rng: np.zeros(400, dtype=int), lambda rng: np.zeros(400), 52)
    assert not bought_once.is_fitted
    verdict = clv.holdout_verdict(bought_once, HELD)
    assert verdict.reason == "no_fit"
    assert "Nothing could be fitted" in plain(sentences.clv.held_out(verdict, lang="en"))


def test_a_forecast_from_a_high_season_says_so_before_any_amount():
    said = {"lang": "en", "is_margin": True, "fit": usable(), "amounts": SPENT, "months": 6}
    too_high = VERDICT._replace(answer="too_high")
    for text in (
        sentences.clv.predicted(FORETOLD, verdict=too_high, season=1.4, **said),
        sentences.clv.new_customer(NEW, verdict=too_high, season=1.4, **said),
    ):
        before = plain(text).split("$")[0]
        assert "A year earlier, the eight weeks before this forecast were a high season" in before
        assert "1.40 times" in before
        assert "foretold too much" in before
    usual = sentences.clv.predicted(FORETOLD, verdict=VERDICT, season=1.05, **said)
    assert "season" not in plain(usual)
    unknown = sentences.clv.predicted(FORETOLD, verdict=VERDICT, season=None, **said)
    assert "Too little is known of the season" in plain(unknown).split("$")[0]


def test_a_forecast_on_the_seasons_clock_says_so_and_warns_of_no_season():
    clock = clv.Clock((*[(365 - 62) / 334] * 11, 2.0), dt.date(2026, 1, 1))
    fit = replace(usable(), clock=clock)
    text = plain(sentences.clv.fit(fit, lang="en"))
    assert "2.00 days in the fastest month, for 0.91 in the slowest" in text
    assert "clock" not in plain(sentences.clv.fit(usable(), lang="en"))
    said = {"lang": "en", "is_margin": True, "fit": fit, "amounts": SPENT, "months": 6}
    for season in (1.4, None):
        told = sentences.clv.predicted(FORETOLD, verdict=VERDICT, season=season, **said)
        assert "season" not in plain(told)


def test_money_foretold_repeats_what_limits_it():
    fit = usable()
    assert fit.foretells
    said = {**TERMS, "fit": fit, "amounts": SPENT}
    near = plain(sentences.clv.predicted(FORETOLD, months=6, **said))
    assert near.endswith("$90 each ($80 to $101).")
    far = plain(sentences.clv.predicted(FORETOLD, months=36, **said))
    assert "36 months ahead is further than any customer was observed (12 months)" in far
    assert far.index("further") < far.index("$")
    said["verdict"] = VERDICT._replace(answer="too_high")
    assert "foretold too much" in plain(sentences.clv.predicted(FORETOLD, months=6, **said))
    assert "foretold too much" in plain(sentences.clv.new_customer(NEW, months=6, **said))


def test_no_money_is_foretold_under_a_diagnosis():
    fit = clv.fit_bg_nbd(
        pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 5.0})
    )
    said = {**TERMS, "amounts": SPENT, "months": 6}
    told = [
        sentences.clv.predicted(FORETOLD, fit=fit, **said),
        sentences.clv.new_customer(NEW, fit=fit, **said),
    ]
    assert all(plain(text).startswith("Nothing could be foretold. ") for text in told)
    assert "Nothing" in plain(plots.predicted_table(FORETOLD, lang="en", fit=fit))


def test_no_money_is_foretold_of_amounts_that_did_not_converge():
    wild = spent([1, 1, 1], [58.0, 119.0, 2.0])
    assert wild.diagnosis == "values_not_converged"
    said = {**TERMS, "months": 6}
    said |= {"fit": usable(), "amounts": wild}
    told = [sentences.clv.predicted(FORETOLD, **said), sentences.clv.new_customer(NEW, **said)]
    for text in told:
        assert plain(text).startswith("Nothing could be foretold. The likelihood of the amounts")
    assert "Nothing" in plain(plots.predicted_table(CUSTOMERS, lang="en", amounts=wild))
    axis = plots.predicted_by_group(GROUPS, lang="en", amounts=wild)
    assert "Nothing" in axis.get_figure().message


def test_an_amount_whose_interval_is_absurd_is_withheld():
    said = {**TERMS, "months": 6}
    said |= {"fit": usable(), "amounts": SPENT}
    wide = FORETOLD.assign(cltv_mean_low=1.0, cltv_mean_high=28680.0)
    told = [
        sentences.clv.predicted(wide, **said),
        sentences.clv.new_customer(NEW._replace(low=1.0, high=28680.0), **said),
    ]
    assert all("over 10 times the lower one" in plain(text) for text in told)
    assert not any("$" in str(text) for text in told)
    loss = FORETOLD.assign(cltv=-900.0, cltv_mean=-90.0, cltv_mean_low=-99.0, cltv_mean_high=-80.0)
    assert "−$90 each (−$99 to −$80)" in plain(sentences.clv.predicted(loss, **said))
    told = plain(sentences.clv.new_customer(NEW._replace(cltv=-5.0, low=-9.0, high=-2.0), **said))
    assert "nothing can be paid to win one" in told
    table = plots.predicted_table(CUSTOMERS.assign(low=[4.0, 0.1, 12.0]), lang="en")
    assert [row[0] for row in table.rows] == ["c", "b"]
    assert "1 customer of whom too little is known is left out." in plain(table.to_text())
    axis = plots.predicted_by_group(GROUPS.assign(cltv_mean_low=[1.0, 70.0]), lang="en")
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["Best"]
    assert "left out" in axis.get_figure().caption


def test_without_a_margin_rate_amounts_are_called_revenue():
    axis = plots.predicted_by_group(GROUPS, lang="en", is_margin=False)
    assert "Revenue expected of a customer, by group" in axis.get_figure().alt + str(words(axis))
    table = plots.predicted_table(CUSTOMERS, lang="en", is_margin=False)
    assert "Expected revenue" in table.to_text()
    assert "predicted_cltv" not in table.to_html()
    assert "predicted_cltv" in plots.predicted_table(CUSTOMERS, lang="en").to_html()


def test_groups_that_lose_money_are_in_the_figure():
    lost = GROUPS.assign(cltv_mean=-5.0, cltv_mean_low=-9.0, cltv_mean_high=-4.0)
    assert plots.predicted_by_group(lost, lang="en").get_xlim()[0] <= -9


def test_a_customer_who_never_repays_is_drawn_below_nothing():
    years = pd.DataFrame({"year": [1, 2], "total": [-40.0, -20.0], "low": [-50.0, -40.0]})
    axis = plots.discounted_years(years.assign(high=-10.0, all_years=-5.0), lang="en")
    assert axis.get_ylim()[0] < -50


def test_what_a_repeat_purchase_is_worth_says_what_was_deducted_and_left_out():
    free = plain(sentences.clv.values(SPENT, lang="en"))
    assert "Refunds" not in free
    assert "left out" not in free
    assert "Refunds are deducted" in plain(sentences.clv.values(SPENT, lang="en", net=True))
    times, amounts = means()
    given = spent([*times, 2], [*amounts, 0.0])
    said = plain(sentences.clv.values(given, lang="en"))
    assert "1 customer is left out: the value of their repeat purchases is 0 or unknown." in said


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
            "revenue_without_cost": 0.0,
        }
    )
    costs = {"paid_search": 50.0, "social": None}
    axis = plots.payback_curve(months, lang="en", cac=costs)
    assert "Paid search 1.0" in plain(axis.get_figure().alt)
    assert "Social networks" not in words(axis)
    assert "unknown cost" not in axis.get_figure().caption
    part = plots.payback_curve(months.assign(revenue_without_cost=0.4), lang="en", cac=costs)
    assert "up to 40.0% of revenue, add nothing" in plain(part.get_figure().caption)
    none = plots.payback_curve(months.assign(margin=np.nan), lang="en", cac=costs)
    assert "No channel has customers" in none.get_figure().message


PAYBACK = pd.DataFrame(
    {"acquisition_channel": ["x"], "month": 0, "customers": 1, "margin": 1.0}
).assign(revenue_without_cost=0.0)
NOTHING = [
    (plots.attrition_rates, RATES.iloc[:0]),
    (plots.attrition_windows, WHOLE.assign(activity_days=365, rate=np.nan)),
    (plots.discounted_years, pd.DataFrame({"year": [], "total": []})),
    (plots.whale_curve, pd.DataFrame({"customers_share": [], "profit": []})),
    (plots.holdout_by_frequency, pd.DataFrame({"actual_mean": [], "predicted_mean": []})),
    (plots.holdout_tracking, pd.DataFrame({"predicted_total": []})),
    (plots.alive_counts, pd.DataFrame({"low": [], "high": [], "customers": []})),
    (plots.predicted_by_group, GROUPS.iloc[:0]),
    (plots.payback_curve, PAYBACK.iloc[:0]),
]


@pytest.mark.parametrize(("draw", "frame"), NOTHING, ids=[draw.__name__ for draw, _ in NOTHING])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_to_draw_is_said(draw, frame, lang):
    axis = draw(frame, lang=lang)
    assert axis.get_figure().message


def test_cohorts_say_what_goods_of_unknown_cost_add():
    cohorts = pd.DataFrame(
        {"cohort": [pd.Timestamp("2025-01-01")], "customers": 9, "one_time": 0.5}
    )
    cohorts = cohorts.assign(revenue=20.0, margin=8.0, margin_median=7.0, months_observed=12)
    for unknown in (0.0, 0.3):
        shown = plots.cltv_cohorts(cohorts.assign(revenue_without_cost=unknown), lang="en")
        said = "Goods of unknown cost add nothing to these margins." in plain(shown.to_text())
        assert said == (unknown > 0)


def test_tables_without_a_row_say_so():
    assert "No customers" in plain(plots.cltv_cohorts(pd.DataFrame(), lang="en"))
    assert "Nothing could be foretold" in plain(
        plots.predicted_table(pd.DataFrame({"cltv": [None]}), lang="en")
    )
    assert "No customer was acquired" in plain(
        plots.acquisition_table(ACQUIRED.iloc[:0], lang="en")
    )


def test_the_best_customers_come_first_and_ties_by_their_id():
    shown = plots.predicted_table(CUSTOMERS, lang="en", most=2).rows
    assert [row[0] for row in shown] == ["c", "a"]
