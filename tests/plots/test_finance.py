"""Figures, tables and sentences of financial health: words, numbers, what lacks, nothing cut."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import marketing_kpi as mk
from marketing_kpi import finance, plots
from marketing_kpi.accounts.leaks import ranked
from marketing_kpi.accounts.steps import steps
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.unpriced import Unpriced
from marketing_kpi.plots import sentences

PERIOD = {"start": "2025-01-01", "end": "2026-01-01"}
DATES = mk.periods(as_of="2026-01-01")


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def totals(gross, discounts, refunds, allowances=10, chargebacks=5):
    names = ("discounts", "refunds", "allowances", "chargebacks")
    taken = zip(names, (discounts, refunds, allowances, chargebacks), strict=True)
    known = {name: Decimal(amount) for name, amount in taken}
    return {"gross_sales": Decimal(gross), "net_sales": Decimal(gross - discounts), **known}


BEFORE, STEPS = steps(totals(1000, 100, 50)), steps(totals(1200, 120, 90))
CHANGE = finance.bridge_change(BEFORE, STEPS)
CAUSES = ranked(
    pd.DataFrame(
        {
            "cause": ["return", "discount", "discount", "chargeback", "allowance"],
            "root": ["defective", "P1", None, "not_received", "odd_reason"],
            "name": [None, "Solde des produits de camping et de randonnée 2025", None, None, None],
            "times": [30, 200, 40, 2, 5],
            "amount": [500.0, 300.0, 100.0, 60.0, 40.0],
        }
    )
)
MANY = ranked(
    pd.DataFrame(
        {
            "cause": "return",
            "root": [f"reason {n}" for n in range(20)],
            "name": None,
            "times": 1,
            "amount": np.arange(20.0, 0, -1),
        }
    )
)


def customers(n=400, seed=2):
    rng = np.random.default_rng(seed)
    now = rng.lognormal(4, 1, n) * (rng.random(n) < 0.6)
    return pd.DataFrame({"before": rng.lognormal(4, 1, n), "now": now})


KEPT = finance.retention_of(customers())
MONTHS = pd.date_range("2024-01-01", periods=3, freq="MS")
COHORTS = pd.concat([finance.retention_of(customers(60, n)) for n in range(3)], ignore_index=True)
COHORTS.insert(0, "cohort", MONTHS)
YEARS = pd.DataFrame(
    {
        "step": finance.YEARS,
        "amount": [1000.0, -300, -100, 200, 350, -50, 1100],
        "level": [1000.0, 700, 600, 800, 1150, 1100, 1100],
        "now": [np.nan, 0.0, 100, 600, 330, 70, 1100],
        "begun": [pd.Timestamp("2023-01-01"), *[pd.NaT] * 6],
        "cut_amount": [0.0, *[np.nan] * 6],
    }
)
DISPUTES = pd.DataFrame(
    {
        "month": MONTHS,
        "orders": [1000, 900, 800],
        "disputed": [3, 0, 1],
        "rate": [0.003, 0.0, 0.00125],
        "low": [0.001, 0.0, 0.0002],
        "high": [0.009, 0.004, 0.007],
        "ripe": [True, True, False],
    }
)
RIPE = DISPUTES.drop(columns="month").iloc[:1].assign(orders=1900, rate=3 / 1900)
DELAYS = finance.Delays(48, 29.0, 95, 1.0, 120)
OUTCOMES = pd.DataFrame(
    {
        "reason": ["not_received", None, "odd"],
        "disputes": [25, 3, 1],
        "won": [8, 1, 0],
        "lost": [15, 2, 0],
        "open": [2, 0, 1],
        "unknown": 0,
        "win_rate": [8 / 23, 1 / 3, np.nan],
        "low": [0.19, 0.06, np.nan],
        "high": [0.55, 0.79, np.nan],
        "amount": [4000.0, 300.0, 50.0],
        "amount_won": [1400.0, 100.0, 0.0],
        "amount_lost": [2000.0, 200.0, 0.0],
        "amount_open": [600.0, 0.0, 50.0],
        "amount_unknown": 0.0,
    }
)
FOUGHT = finance.Fighting(
    49, 14, 7000.0, 1600.0, 25.0, 375.0, 7.65, -10.4, 105.5, 0.286, 0.178, 0.424, 87.5, 59.0,
    140.2, 25, 0,
)  # fmt: skip


def books(*rows):
    found = pd.DataFrame(rows, columns=["month", "account", "ledger", "ours"])
    found = found.astype({"ledger": "float64", "ours": "float64"})
    return found.assign(month=pd.to_datetime(found.month), gap=found.ledger - found.ours)


GAPS = finance.gaps(
    books(
        ("2025-06-01", "refunds", 60, 80),
        ("2025-06-01", "revenue", 940, 920),
        ("2025-07-01", "refunds", 100, 80),
        ("2025-07-01", "revenue", 900, 920),
        ("2025-08-01", "refunds", 95, 80),
        ("2025-08-01", "revenue", 905, 920),
        ("2025-09-01", "revenue", 905, None),
    )
)
NO_GAPS = finance.gaps(books(("2025-06-01", "revenue", 940, 940)))

FIGURES = {
    "bridge": lambda lang: plots.net_bridge(STEPS, lang=lang),
    "partly listed": lambda lang: plots.net_bridge(partly(500, 100, 40), lang=lang),
    "years": lambda lang: plots.revenue_years(YEARS, lang=lang),
    "causes": lambda lang: plots.leak_pareto(CAUSES, lang=lang),
    "many causes": lambda lang: plots.leak_pareto(MANY, lang=lang),
    "rates": lambda lang: plots.retention_rates(KEPT, lang=lang),
    "cohorts": lambda lang: plots.retention_cohorts(COHORTS, lang=lang),
    "disputes": lambda lang: plots.disputes_by_month(DISPUTES, overall=0.0016, lang=lang),
    "fighting": lambda lang: plots.fighting_gain(FOUGHT, lang=lang),
    "gaps": lambda lang: plots.ledger_gaps(GAPS, lang=lang),
}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_says_what_it_shows_in_the_readers_language(name):
    french, english = (FIGURES[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()
    assert french.caption != english.caption


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_and_names_do_not_touch(name, lang):
    ax = FIGURES[name](lang)
    figure = ax.figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    assert drawn.x0 >= -0.02
    assert drawn.y0 >= -0.02
    assert drawn.x1 <= figure.get_figwidth() + 0.02
    assert drawn.y1 <= figure.get_figheight() + 0.02
    for axis in (ax.xaxis, ax.yaxis):
        boxes = [t.get_window_extent() for t in axis.get_ticklabels() if t.get_text()]
        assert not any(one.overlaps(two) for n, one in enumerate(boxes) for two in boxes[n + 1 :])
    right = ax.get_window_extent().x1
    assert all(text.get_window_extent().x1 <= right + 40 for text in ax.texts)


@pytest.mark.parametrize("name", FIGURES)
def test_the_text_of_a_phones_figure_can_be_read(name):
    figure = FIGURES[name]("fr").figure
    scale = 360 / (figure.get_figwidth() * 96)
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    assert min(sizes) * scale >= 4.4


def test_the_bars_of_the_waterfall_hang_from_what_is_left():
    ax = plots.net_bridge(STEPS, lang="en")
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    ends = [tuple(sorted(span)) for span in spans]
    assert ends[:3] == [(0, 1200), (1080, 1200), (0, 1080)]
    assert ends[3] == (990, 1080)
    assert ends[-1] == (0, 975)


def test_a_bridge_without_its_last_steps_names_them():
    told = steps({"gross_sales": Decimal(100), "net_sales": Decimal(90), "discounts": Decimal(10)})
    figure = plots.net_bridge(told, lang="en").figure
    assert "Not told by the data: Refunds of returns, Allowances" in figure.caption
    said = sentences.finance.headline(told, lang="en", lacks=["returns.kind"], **PERIOD)
    assert "sales net of discounts are $90. To say more, the data lack" in plain(said)


def test_where_there_is_nothing_the_figures_say_so():
    nothing = pd.DataFrame()
    none = FOUGHT._replace(break_even=None, win_rate=None)
    drawn = [
        plots.leak_pareto(nothing, lang="en", lacks=["returns.refund_amount"]),
        plots.retention_rates(nothing, lang="en"),
        plots.retention_cohorts(nothing, lang="en"),
        plots.revenue_years(nothing, lang="en"),
        plots.disputes_by_month(nothing, lang="en"),
        plots.fighting_gain(none, lang="en"),
        plots.ledger_gaps(finance.gaps(books()), lang="en"),
        plots.net_bridge(steps({name: Decimal(0) for name in totals(1, 1, 1)}), lang="en"),
    ]
    assert all(ax.figure.message for ax in drawn)
    assert "they lack returns.refund_amount" in drawn[0].figure.message


def test_root_causes_are_named():
    assert plots.leak_table(CAUSES, lang="fr").rows[0][0] == "Retour \u2013 Défectueux"
    names = [row[0] for row in plots.leak_table(CAUSES, lang="en").rows]
    assert names[1].startswith("Discount \u2013 Solde des produits de camping")
    assert names[2:] == [
        "Discount \u2013 outside promotions",
        "Chargeback \u2013 Not received",
        "Allowance \u2013 odd_reason",
    ]


def test_the_causes_of_the_pareto_are_those_of_the_table():
    ax = plots.leak_pareto(MANY, lang="en")
    widths = [bar.get_width() for bar in ax.patches]
    assert sum(widths) == pytest.approx(MANY.amount.sum())
    assert [t.get_text() for t in ax.get_yticklabels()][-1] == "The 8 others"
    said = plain(sentences.finance.causes(CAUSES, lang="en"))
    assert "80% of the $1,000 lost between gross and net" in said
    assert "2 of 5. The first of them: Return \u2013 Defective, $500." in said


def test_one_cause_more_than_is_drawn_has_its_name():
    some = ranked(MANY[["cause", "root", "name", "times", "amount"]].iloc[:13])
    names = [t.get_text() for t in plots.leak_pareto(some, lang="en").get_yticklabels()]
    assert len(names) == 13
    assert not any("other" in name for name in names)


def test_few_causes_are_not_said_to_be_the_largest_of_many():
    columns = ["cause", "root", "name", "times", "amount"]
    one = plain(sentences.finance.causes(ranked(CAUSES[columns].iloc[:1]), lang="en"))
    assert one.startswith(
        "The $500 lost between gross and net have one root cause: Return \u2013 Defective."
    )
    two = plain(sentences.finance.causes(ranked(CAUSES[columns].iloc[:2]), lang="en"))
    assert two.startswith(
        "The $800 lost between gross and net come from 2 root causes, none of which is small. The "
        "first of them: Return \u2013 Defective, $500."
    )


ABOVE = "Prices paid are above list prices, by $100 in all: check that list prices are up to date."
EXCEED = (
    "Net sales exceed the same sales at list price by $100: prices paid above the list, or credits "
    "for goods that had been sold at a discount."
)


def test_prices_above_the_list_are_said_and_no_leak():
    columns = ["cause", "root", "name", "times", "amount"]
    given = CAUSES[columns].assign(amount=[50.0, -300.0, 200.0, 20.0, 10.0])
    causes = ranked(given.sort_values("amount", ascending=False))
    said = plain(sentences.finance.causes(causes, lang="en"))
    assert said.startswith("89% of the $280 lost between gross and net comes from the largest root")
    assert f"{ABOVE} Returns: $50." in said
    assert "Discounts:" not in said
    ax = plots.leak_pareto(causes, lang="en")
    assert [bar.get_width() for bar in ax.patches] == [200, 50, 20, 10]
    assert ax.figure.caption.endswith("Not drawn: what was sold above its list price.")
    assert "Not drawn" not in plots.leak_pareto(CAUSES, lang="en").figure.caption
    rises = plots.net_bridge(steps(totals(1000, -100, 50)), lang="en")
    assert "+$100 (10.0%)" in [text.get_text() for text in rises.texts]
    head = plain(sentences.finance.headline(steps(totals(1000, -100, 50)), lang="en", **PERIOD))
    assert "$1,000 at list price left $1,035 of net revenue: 103.5% of it. " + EXCEED in head
    assert "Most of what is taken off goes to one step: refunds of returns, $50 (5.0% of" in head


def test_goods_given_back_are_no_prices_above_the_list():
    # 30 of discounts given; credits of goods that had been sold 243 below their list price.
    causes = pd.DataFrame({
        "cause": ["discount", "return", "discount"],
        "root": [None, "size", finance.CREDITED_GOODS],
        "name": None,
        "times": [3, 1, 20],
        "amount": [30.0, 20.0, -243.0],
    })  # fmt: skip
    said = plain(sentences.finance.causes(ranked(causes), lang="en"))
    assert "Discounts: $30." in said
    assert "Goods given back by credits had been sold at a discount, of $243 in all." in said
    assert "above" not in said
    caption = plots.leak_pareto(ranked(causes), lang="en").figure.caption
    assert caption.endswith("Not drawn: what goods given back by credits had been discounted by.")
    assert "above" not in caption
    dear = ranked(causes.assign(amount=[30.0, 20.0, 5.0]))
    told = plain(sentences.finance.causes(dear, lang="en"))
    assert "Credits gave back $5 more than the list price of their goods." in told
    french = plain(plots.leak_pareto(dear, lang="fr").figure.alt)
    assert "Remise – articles repris" in french


def test_the_gap_of_revenue_is_what_its_accounts_leave():
    # the ledger has 50 more of revenue: 20 for the refunds it lacks, and 30 of no account
    given = books(("2025-06-01", "refunds", 60, 80), ("2025-06-01", "revenue", 950, 900))
    text = plain(plots.gap_table(finance.gaps(given), lang="en").to_text())
    assert "Ledger less data" not in text
    assert text.count("Gap to explain") == 2  # the column and what it holds
    assert "$30.00" in text
    assert "$50.00" not in text
    given["ledger"] = [60.0, 920.0]
    only = finance.gaps(given.assign(gap=given.ledger - given.ours))
    assert plots.gap_table(only, lang="en").notes == ()


def test_only_causes_that_are_told_are_named():
    only = CAUSES[CAUSES.cause == "discount"]
    untold = ["return", "allowance", "chargeback"]
    said = plain(sentences.finance.causes(ranked(only), untold=untold, lang="en"))
    assert "The $400 lost to what the data tell come from 2 root causes" in said
    assert "between gross and net" not in said
    assert "Discounts: $400." in said
    assert "$0" not in said
    assert "The data do not tell: return, allowance, chargeback." in said
    nothing = plain(sentences.finance.causes(pd.DataFrame(), untold=["discount"], lang="en"))
    assert nothing == "Nothing was lost to what the data tell. The data do not tell: discount."
    french = plain(sentences.finance.causes(ranked(only), untold=untold, lang="fr"))
    assert "Les données ne disent pas : retour, geste commercial, " in french
    name = plots.finance.cause_name("discount", finance.PROMOTION_UNKNOWN, None, lang="en")
    assert name == "Discount \u2013 promotion not known"


def test_a_rate_that_missing_prices_raise_has_no_verdict():
    rates = pd.DataFrame({"step": finance.DEDUCTIONS, "low": 0.001, "high": 0.004, "is_told": True})
    rates["is_cut"] = False
    about = {"periods": DATES, "lang": "en"}
    holed = Unpriced(0.01, 0.06)
    said = plain(sentences.finance.moved(CHANGE, rates, unpriced=holed, **about))
    assert "Prices are missing for 6.0% of units now, 1.0% before" in said
    assert "the more prices are missing, the higher the rates look" in said
    assert "What rose most" in said
    assert "Chance alone" not in said
    assert "look for the cause" not in said
    gap = Gap(dt.date(2025, 3, 2), dt.date(2025, 7, 1))
    days = plain(sentences.finance.moved(CHANGE, rates, gap=gap, **about))
    assert days.count("Days without any order, March 2, 2025 to June 30, 2025") == 1
    alike = sentences.finance.moved(CHANGE, rates, unpriced=Unpriced(0.01, 0.014), **about)
    assert plain(alike) == plain(sentences.finance.moved(CHANGE, rates, **about))


def partly(listed, discounts, refunds, net=800):
    """Return the bridge of some net sales, of which those at list price tell a discount."""
    known = {"gross_sales": Decimal(listed), "net_sales": Decimal(net)}
    known["unlisted"] = Decimal(net - listed + discounts)
    return steps(totals(listed, discounts, refunds) | known)


def test_list_prices_missing_from_one_period_are_told_and_discounts_not_judged():
    """As many lines a fifth off in both years; half of the list prices are missing in the first."""
    old, new = partly(500, 100, 40), partly(1000, 200, 60)
    rates = pd.DataFrame({"step": finance.DEDUCTIONS, "low": 0.001, "high": 0.04, "is_told": True})
    rates["is_cut"] = False
    change, listed = finance.bridge_change(old, new), finance.listed(old, new)
    said = plain(sentences.finance.moved(change, rates, listed=listed, periods=DATES, lang="en"))
    assert said.startswith("Net revenue moved by −$20. List prices are known for 100.0% of net")
    assert "now, 50.0% before: discounts cannot be compared" in said
    assert "Of what is given back, what rose most: refunds of returns, from 5.00% to 7.50%" in said
    assert "discounts, from" not in said
    table = plots.bridge_table(change, lang="en")
    parts = {row[0]: row[-2:] for row in table.rows}
    assert pd.isna([*parts["discounts"], *parts["net_revenue"]]).all()
    assert "Sold, list price unknown" in table.to_text()
    assert "empty where list prices are known for too few sales, or not for the" in table.to_text()
    head = plain(sentences.finance.headline(old, lang="en", **PERIOD))
    assert "$500 at list price, and $400 of sales whose list price is not known (50.0%" in head
    assert "discounts, $100 (20.0% of list prices)" in head
    french = plain(sentences.finance.moved(change, rates, listed=listed, periods=DATES, lang="fr"))
    assert "contre 50,0 % avant" in french


def test_list_prices_missing_from_both_periods_alike_are_told():
    old, new = partly(500, 100, 40), partly(500, 100, 60)
    change, listed = finance.bridge_change(old, new), finance.listed(old, new)
    said = plain(sentences.finance.moved(change, listed=listed, periods=DATES, lang="en"))
    assert "List prices are known for 50.0% of net sales now, 50.0% before: what disc" in said
    assert "What rose most: refunds of returns, from 5.00% to 7.50% of net sales" in said
    whole = sentences.finance.moved(
        CHANGE, listed=finance.listed(BEFORE, STEPS), periods=DATES, lang="en"
    )
    assert "List prices" not in str(whole)
    ax = plots.net_bridge(old, lang="en")
    assert "of net sales for the rest" in ax.figure.caption
    spans = [sorted((bar.get_x(), bar.get_x() + bar.get_width())) for bar in ax.patches]
    assert spans[:4] == [[0, 500], [400, 500], [400, 800], [0, 800]]
    refunded = plain(sentences.finance.headline(partly(500, 100, 160), lang="en", **PERIOD))
    assert "refunds of returns, $160 (20.0% of net sales)" in refunded


def test_without_any_list_price_what_is_given_back_is_told_all_the_same():
    old, new = partly(0, 0, 40), partly(0, 0, 60)
    change, listed = finance.bridge_change(old, new), finance.listed(old, new)
    said = plain(sentences.finance.moved(change, listed=listed, periods=DATES, lang="en"))
    assert "moved by −$20. List prices are known for 0.0% of net sales now, 0.0% before: di" in said
    assert "Of what is given back, what rose most: refunds of returns, from 5.00% to 7.50%" in said
    head = plain(sentences.finance.headline(new, lang="en", **PERIOD))
    assert "$0 at list price, and $800 of sales whose list price is not known (100.0%" in head
    assert "left $725 of net revenue" in head


def test_sales_at_an_unknown_price_are_told():
    found = steps(totals(1000, 100, 50) | {"unpriced": Decimal(200), "net_sales": Decimal(700)})
    said = plain(sentences.finance.headline(found, lang="en", **PERIOD))
    assert "$1,000 at list price left $635 of net revenue. Of $200 of these list prices" in said
    assert "(12.5% of list prices)" in said  # 100 of the 800 whose price paid is known
    caption = plots.net_bridge(found, lang="en").figure.caption
    assert "lines whose price paid is known" in caption


def test_what_moved_is_said_with_its_interval():
    rates = pd.DataFrame(
        {"step": finance.DEDUCTIONS, "low": -0.001, "high": 0.004, "is_told": False}
    ).assign(is_cut=False)
    said = plain(sentences.finance.moved(CHANGE, rates, periods=DATES, lang="en"))
    assert "Net revenue moved by +$140" in said
    assert "What rose most: refunds of returns, from 5.00% to 7.50%" in said
    assert "Chance alone may explain it (95% interval: −0.10" in said
    surely = plain(
        sentences.finance.moved(CHANGE, rates.assign(is_told=True), periods=DATES, lang="en")
    )
    assert "look for the cause" in surely
    autumn = mk.periods(as_of="2026-01-01", period="3 months", compare="previous_period")
    assert "another season" not in said
    assert "another season" in plain(sentences.finance.moved(CHANGE, periods=autumn, lang="en"))
    few = plain(sentences.finance.moved(CHANGE, rates.assign(low=np.nan), periods=DATES, lang="en"))
    assert "Too few customers to tell" in few
    none = sentences.finance.moved(pd.DataFrame(), periods=DATES, lang="en")
    assert str(none) == "There is no period to compare with."


def cut_rates(step, begun="2024-01-01"):
    """Return changes that chance does not explain, but of a step that the data's beginning cuts."""
    rates = pd.DataFrame({"step": finance.DEDUCTIONS, "low": 0.01, "high": 0.04, "cut": 0.37})
    rates = rates.assign(begun=pd.Timestamp(begun), days=128.7, is_cut=rates.step == step)
    return rates.assign(is_told=~rates.is_cut)


@pytest.mark.parametrize(
    ("begun", "lang", "said"),
    [
        ("2024-01-01", "en", "on January 1, 2024, with the period compared with: what was given"),
        ("2023-12-02", "en", "on December 2, 2023, 30 days before the period compared with: what"),
        ("2024-01-01", "fr", "commencent le 1er janvier 2024, avec la période de comparaison :"),
        (
            "2023-12-02",
            "fr",
            "le 2 décembre 2023, 30 jours avant la période de comparaison : elles",
        ),
    ],
)
def test_a_rise_that_is_in_part_the_beginning_of_the_data_has_no_verdict(begun, lang, said):
    rates = cut_rates("refunds", begun)
    text = plain(sentences.finance.moved(CHANGE, rates, periods=DATES, lang=lang))
    assert said in text
    assert {
        "en": "for as long, 37% of this deduction (refunds of returns), which comes 129 days after",
        "fr": "37 % de cette déduction (remboursements de retours), qui suit la vente de 129 jours",
    }[lang] in text
    assert "Chance alone" not in text
    assert "hasard" not in text


def test_a_small_rise_that_the_beginning_of_the_data_makes_is_not_worth_a_word():
    """Of 1,200, discounts rose by 24, refunds by 6, disputes by 1: less than a tenth of it all."""
    more = finance.bridge_change(BEFORE, steps(totals(1200, 144, 66, 12, 7)))
    told = plain(sentences.finance.moved(more, cut_rates("chargebacks"), periods=DATES, lang="en"))
    assert "Chance alone does not explain it" in told
    assert "The data begin" not in told
    both = plain(sentences.finance.moved(more, cut_rates("refunds"), periods=DATES, lang="en"))
    assert "rose most: discounts" in both
    assert "Chance alone does not explain it" in both
    assert "37% of this deduction (refunds of returns)" in both


def test_a_base_year_that_lacks_refunds_is_told():
    years = YEARS.assign(begun=pd.Timestamp("2024-01-01"))
    kept = KEPT.assign(net_retention_high=0.96)
    texts = {}
    for amount in (9.0, 10.0, 50.0):
        cut = years.assign(cut_amount=[amount, *[np.nan] * 6])
        texts[amount] = plain(sentences.finance.retention(kept, cut, lang="en"))
    assert "The data begin" not in texts[9]
    assert "The data begin on January 1, 2024: what was given back in the base year" in texts[10]
    assert "$50 was given back for sales as old, 5.0% of the base year's net revenue" in texts[50]
    assert "won again" in texts[10]
    assert "won again" not in texts[50]  # 0.96 of a base of 1,000 is more than all of one of 950
    cut = years.assign(cut_amount=[50.0, *[np.nan] * 6])
    french = plain(sentences.finance.retention(kept, cut, lang="fr"))
    assert "soit 5,0 % des revenus nets de l'année de base : la rétention" in french


def test_retention_is_said_with_its_interval():
    said = plain(sentences.finance.retention(KEPT, YEARS, lang="en"))
    row = KEPT.iloc[0]
    assert said.startswith(f"Last year's customers (400) bring {row.net_retention:.1%}")
    assert f"(95% interval: {row.net_retention_low:.1%} to {row.net_retention_high:.1%})" in said
    assert "Customers who brought nothing the year before make 30.0%" in said
    assert "year's net revenue ($330)" in said  # what they bring, and not the change of it
    assert f"{row.kept_share:.1%} of them still bring something." in said
    assert "has to be won again" in said
    kept = KEPT.assign(net_retention_high=1.02)
    assert "won again" not in plain(sentences.finance.retention(kept, YEARS, lang="en"))
    few = YEARS.assign(now=YEARS.now.where(YEARS.step != "other_customers", 32.0))
    assert "won again" not in plain(sentences.finance.retention(KEPT, few, lang="en"))
    three = finance.retention_of(customers(3))
    assert "interval" not in plain(sentences.finance.retention(three, YEARS, lang="en"))
    lacks = sentences.finance.retention(
        pd.DataFrame(), pd.DataFrame(), lang="en", lacks=["chargebacks.amount"]
    )
    assert "they lack chargebacks.amount" in str(lacks)


@pytest.mark.parametrize(
    ("months", "rates", "is_base"),
    [
        ("2024-01-01 2024-12-01", (0.6, 1.4), True),
        ("2024-01-01 2024-12-01", (1.5, 0.0), False),
        ("2024-01-01 2024-03-01", (0.6, 1.4), False),
    ],
)
def test_the_length_of_the_base_is_said_only_where_it_may_explain(months, rates, is_base):
    cohorts = COHORTS.iloc[:2].assign(cohort=pd.to_datetime(months.split()), net_retention=rates)
    said = plain(sentences.finance.cohorts(cohorts, lang="en"))
    caption = plain(plots.retention_cohorts(cohorts, lang="en").figure.caption)
    assert ("the length of their base" in said) == is_base
    assert ("high by construction" in caption) == is_base
    assert f"to {rates[1]:.0%} for those" in said


def test_months_of_entry_between_the_first_and_the_last_are_said():
    months = pd.date_range("2024-06-01", periods=13, freq="MS")
    rates = [1.0, 0.76, *[0.9] * 9, 1.29, 1.0]
    cohorts = COHORTS.iloc[[0] * 13].assign(cohort=months, net_retention=rates)
    said = plain(sentences.finance.cohorts(cohorts.reset_index(drop=True), lang="en"))
    assert "goes from 100% for those who entered in June 2024 to 100%" in said
    assert "it is 76% (July 2024) to 129% (May 2025)." in said
    assert "begins within a month: of the first and the last it holds only a part" in said
    straight = COHORTS.iloc[[0] * 12].assign(cohort=months[:12], net_retention=rates[1:13])
    calm = straight.assign(net_retention=[0.8, *[0.9] * 10, 1.0]).reset_index(drop=True)
    told = plain(sentences.finance.cohorts(calm, lang="en"))
    assert "Over all months" not in told
    assert "only a part" not in told


def test_young_months_are_hollow_and_said():
    ax = plots.disputes_by_month(DISPUTES, lang="en")
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True]
    assert "(young)" in ax.figure.alt
    said = plain(sentences.finance.disputes(DISPUTES, RIPE, DELAYS, lang="en"))
    assert "Orders of ripe months: 1,900" in said
    assert "Young months, not counted: 1." in said
    none = plain(sentences.finance.disputes(DISPUTES, pd.DataFrame(), None, lang="en"))
    assert none == "No month is ripe yet: disputes of all of them may still come."


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-10, 105, "cannot be told"),
        (3, 105, "That pays"),
        (-20, -3, "That loses"),
        (None, None, "Too few are decided"),
    ],
)
def test_the_verdict_on_fighting_follows_its_interval(low, high, said):
    text = plain(sentences.finance.fighting(FOUGHT._replace(low=low, high=high), lang="en"))
    assert said in text
    assert "Worth its cost from $88 on (95% interval: $59 to $140)" in text
    assert "fight those above $140, refund those under $59 at once (25 of those decided)" in text
    assert "do not tell which disputes were fought" in text


@pytest.mark.parametrize("decided", [0, 49])
def test_disputes_without_an_amount_are_counted_aside(decided):
    found = FOUGHT._replace(decided=decided, without_amount=3)
    text = plain(sentences.finance.fighting(found, lang="en"))
    assert "Disputes decided whose amount is not known, left out: 3." in text
    assert ("would have come back" in text) == (decided > 0)
    assert "not known" not in plain(sentences.finance.fighting(FOUGHT, lang="en"))


def test_few_disputes_give_no_advice():
    few = FOUGHT._replace(decided=finance.FEWEST_DECIDED - 1, low=None, high=None)
    text = plain(sentences.finance.fighting(few, lang="en"))
    assert "refund" not in text
    assert "Worth its cost" not in text


def test_outcomes_are_said():
    whole = OUTCOMES.drop(columns="reason").iloc[:1]
    said = plain(sentences.finance.outcomes(whole, lang="en"))
    assert said.startswith(
        "Disputes decided: 23, of which won: 8, that is 34.8% (95% interval: 19.0% to 55.0"
    )
    waiting = whole.assign(win_rate=np.nan)
    assert "No dispute is decided yet; open: 2." in plain(
        sentences.finance.outcomes(waiting, lang="en")
    )
    blind = whole.assign(unknown=4, amount_unknown=90.0)
    rest = "Outcome not told by the data: 4, for $90."
    assert plain(sentences.finance.outcomes(blind, lang="en")) == f"{said} {rest}"
    holed = plots.dispute_table(OUTCOMES.assign(unknown=1), lang="en").to_text()
    assert "Outcome not told" in holed
    table = plots.dispute_table(OUTCOMES, lang="en")
    assert "Outcome not told" not in table.to_text()
    assert [row[0] for row in table.rows] == ["Not received", "Not stated", "odd"]
    assert [row[7] for row in table.rows] == ["19.0% to 55.0%", "too few to tell", "none decided"]


def decided_disputes(won):
    """Return what came of one dispute, decided."""
    days = pd.to_datetime(["2025-01-05", "2025-02-20"])
    tables = {
        "orders": pd.DataFrame({"order_id": ["1"], "ordered_at": days[:1]}),
        "chargebacks": pd.DataFrame({"chargeback_id": ["a"], "order_id": ["1"], "amount": [80.0],
            "opened_at": days[1:], "outcome": ["won" if won else "lost"]}),
    }  # fmt: skip
    with mk.open_data(tables) as data:
        orders = finance.chargebacks_by(data, as_of="2026-01-01", **PERIOD)
        return (
            finance.dispute_outcomes(data, **PERIOD),
            finance.fighting(data, cost=25, **PERIOD),
            orders,
        )


@pytest.mark.parametrize("won", [True, False])
def test_of_one_dispute_decided_no_rate_is_told(won):
    """Wilson's interval of one of one: 1 / (1 + 1.96^2) = 21 % to 100 %; of none, 0 to 79 %."""
    outcomes, fought, orders = decided_disputes(won)
    said = plain(sentences.finance.outcomes(outcomes, lang="en"))
    assert f"decided: 1, of which won: {won:d}, too few to tell how many are won." in said
    assert "%" not in said
    assert "too few to tell a rate" in plain(
        sentences.finance.disputes(DISPUTES, orders, None, lang="en")
    )
    message = plots.fighting_gain(fought, lang="en").figure.message
    assert message.startswith("Too few disputes are decided" if won else "No dispute has been won")


def test_discounts_on_whole_orders_are_told_apart_from_those_of_lines():
    less = finance.PaidLess(orders=1643, amount=16_430.0)
    off = "Orders paid less than their lines add up to: 1,643, by $16,430 in all."
    found = steps(totals(1000, 0, 50))
    head = plain(sentences.finance.headline(found, less=less, lang="en", **PERIOD))
    assert off in head
    assert "goes to one step" not in head  # it takes less than was taken off whole orders
    small = finance.PaidLess(orders=2, amount=20.0)
    assert "refunds of returns, $50" in plain(
        sentences.finance.headline(found, less=small, lang="en", **PERIOD)
    )
    one = ranked(CAUSES[["cause", "root", "name", "amount", "times"]].iloc[:1])
    said = plain(sentences.finance.causes(one, less=less, lang="en"))
    assert "lost beside discounts on whole orders have one root cause: Return" in said
    assert off in said
    nothing = plain(sentences.finance.causes(pd.DataFrame(), less=less, lang="en"))
    assert nothing.startswith("Nothing was lost beside discounts on whole orders. Orders paid")


def test_a_ledger_kept_at_the_date_of_the_order_is_said_to_be():
    held = NO_GAPS._replace(at="ordered", by_date=72)
    said = plain(sentences.finance.books(held, lang="en"))
    assert said.startswith("The ledger books sales at the date of the order; these data, when")
    assert "at the date of recognition for that reason alone: 72. Over 1 month" in said
    assert "The ledger books" not in str(sentences.finance.books(NO_GAPS, lang="en"))


def test_gaps_are_listed_with_what_shows_of_their_reason():
    text = plain(plots.gap_table(GAPS, lang="fr").to_text())
    assert "Décalage : l'inverse en juillet 2025" in text
    assert "Au grand livre, pas dans les données" in text
    said = plain(sentences.finance.books(GAPS, lang="en"))
    assert said.startswith("Over 3 months, figures of the ledger that agree with the data to the")
    assert "cent: 0 of 6." in said
    assert "Gaps: 3; the figures show the reason of 2. To ask finance about: 1, for −$15" in said
    assert "Figures told on one side only, and so not compared: 1 (net revenue 1)." in said
    assert str(plots.gap_table(NO_GAPS, lang="en")) == "No gap to explain."
    assert "no gap" in plots.ledger_gaps(NO_GAPS, lang="en").figure.alt
    silent = "Months that one side alone tells, without a bar either: 1."  # September
    assert plots.ledger_gaps(GAPS, lang="en").figure.caption.endswith(silent)
    assert "one side" not in plots.ledger_gaps(NO_GAPS, lang="en").figure.caption
    none = sentences.finance.books(None, lang="en", lacks=["ledger.month"])
    assert "they lack ledger.month" in str(none)
    short = "The period holds no whole month, and a ledger is kept by the month."
    assert str(sentences.finance.books(None, lang="en")) == short


def test_a_ledger_without_revenue_has_months_in_common_all_the_same():
    found = finance.gaps(
        books(("2025-06-01", "refunds", 60, 80), ("2025-06-01", "revenue", None, 9))
    )
    message = plots.ledger_gaps(found, lang="en").figure.message
    assert message == "In no month do both the ledger and the data tell revenue: no bar to draw."
    apart = finance.gaps(books(("2025-06-01", "revenue", None, 920)))
    drawn = plots.ledger_gaps(apart, lang="en").figure.message
    told = str(sentences.finance.books(apart, lang="en"))
    assert drawn == told == "The ledger and the data tell no account of the same month."


def test_months_of_two_years_show_their_years():
    months = ["2024-10-01", "2024-11-01", "2025-10-01", "2025-11-01"]
    found = finance.gaps(books(*((month, "revenue", 90, 100) for month in months)))
    ticks = plots.ledger_gaps(found, lang="en").get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["Oct\n2024", "Nov", "Oct\n2025", "Nov"]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_tables_hold_what_other_tools_need(lang):
    table = plots.retention_table(COHORTS, lang=lang).payload()
    names = [column["name"] for column in table["columns"]]
    assert {"cohort", "expansion", "contraction", "churn", "gross_retention_high"} <= {*names}
    assert len(table["rows"]) == 3
    bridge = plots.bridge_table(CHANGE, lang=lang).payload()
    assert len(bridge["rows"]) == 6
    heads = [column["label"] for column in bridge["columns"]]
    assert heads[1:3] == (["Avant", "Actuel"] if lang == "fr" else ["Before", "Now"])
    assert bridge["row_kpis"] == [
        "gross_sales", "discount_rate", None, "allowances", None, "net_revenue",
    ]  # fmt: skip
    by_channel = COHORTS.rename(columns={"cohort": "channel"}).assign(channel=["web", None, "x"])
    shown = plots.retention_table(by_channel, lang=lang).rows
    assert shown[1][0] == ("Inconnu" if lang == "fr" else "Unknown")
