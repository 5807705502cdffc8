"""Figures, tables and sentences of the revenue mix: words, numbers, and what is lacking."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import marketing_kpi as mk
from marketing_kpi import plots, revenue
from marketing_kpi.growth.customers import Concentration, Sources
from marketing_kpi.growth.network import CalendarEffect
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.unpriced import Unpriced
from marketing_kpi.plots import sentences, style
from marketing_kpi.plots.revenue import STEPS

PERIODS = mk.periods(as_of="2026-01-01")
ALONE = mk.periods(as_of="2026-01-01", compare="none")
say = sentences.revenue


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def figure(ax):
    return ax.get_figure(root=True)


def words(ax):
    return " | ".join(plain(text.get_text()) for text in figure(ax).findobj(Text))


MIX = pd.DataFrame(
    {
        "category": ["Vêtements et accessoires de montagne pour enfants", "Literie", None],
        "revenue_before": [600.0, 400.0, 0.0],
        "revenue": [660.0, 300.0, 40.0],
        "share_before": [0.6, 0.4, 0.0],
        "share": [0.66, 0.3, 0.04],
        "change": [60.0, -100.0, 40.0],
        "growth": [0.1, -0.25, np.nan],
        "contribution": [0.06, -0.1, 0.04],
    }
)
WAY = pd.DataFrame(
    {
        "step": revenue.STEPS,
        "amount": [400.0, -60, 340, 50, -80, 0, 310, -20, 0, -5, 285],
        "level": [400.0, 340, 340, 390, 310, 310, 310, 290, 290, 285, 285],
    }
)
EFFECTS_FOUND = revenue.Effects(60.0, -20.0, 15.0, 5.0, 0.0, 0.0, 60.0)
CREDITED = EFFECTS_FOUND._replace(credits=-70.0, change=-10.0)
RATES = pd.DataFrame(
    {
        "channel": ["web", "store", None],
        "buyers": [200, 300, 4],
        "revenue_before": [500.0, 500.0, 1.0],
        "revenue": [650.0, 510.0, 9.0],
        "growth": [0.3, 0.02, 8.0],
        "low": [0.2, -0.05, np.nan],
        "high": [0.4, 0.09, np.nan],
    }
)
YEARS = pd.DataFrame(
    {
        "start": pd.to_datetime(["2024-01-01", "2025-01-01"]),
        "end": pd.to_datetime(["2025-01-01", "2026-01-01"]),
        "buyers": [100, 120],
        "revenue_before": [900.0, 1000.0],
        "revenue": [1000.0, 1060.0],
        "growth": [1 / 9, 0.06],
        "low": [0.02, -0.02],
        "high": [0.2, 0.14],
        "unpriced_before": [0.0, 0.0],
        "unpriced": [0.0, 0.0],
    }
)


def growth(**changed):
    pieces = pd.DataFrame({"start": pd.date_range("2025-01-01", periods=12, freq="MS")})
    pieces["revenue_before"], pieces["revenue"] = 100.0, 106.0
    pieces["growth"] = [0.06] * 11 + [-0.01]
    found = revenue.Growth(
        1000.0, 1060.0, 0.06, 0.01, 0.11, 0.02, 0.1, 0.01, pieces, "month", "grew"
    )
    return found._replace(**changed)


# --- Figures --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_figure_says_what_it_shows_with_its_numbers(lang):
    bridge = revenue.bridge_of(EFFECTS_FOUND, before=1000.0)
    columns = ["level", "rows", *EFFECTS_FOUND._fields]
    levels = pd.DataFrame([("category", 3, *EFFECTS_FOUND)], columns=columns)
    tops = pd.DataFrame({"top": [0.2], "members": [2], "revenue": [5.0], "share": [0.583]})
    curve = pd.DataFrame({"members_share": [0.0, 1.0], "revenue_share": [0.0, 1.0]})
    first = {"customers": Concentration(10, 9.0, 2, 0.3, tops, curve)}
    grid = MIX.assign(channel="web")[["channel", "category", *MIX.columns[1:]]]
    months = pd.DataFrame({"period": pd.date_range("2025-01-01", periods=2, freq="MS")})
    months["booked_revenue"], months["recognised_revenue"] = [400.0, 300.0], [285.0, 280.0]
    drawn = {
        "285": plots.recognition_bridge(WAY, lang=lang),
        "20": plots.growth_bridge(bridge, of="effects", periods=PERIODS, lang=lang),
        "400": plots.booked_by_month(months, lang=lang),
        "66": plots.revenue_mix(MIX, by="category", periods=PERIODS, lang=lang),
        "58": plots.revenue_concentration(first, lang=lang),
        "60": plots.effect_levels(levels, lang=lang),
        "−10": plots.contribution_grid(grid, lang=lang),
        "30": plots.growth_dots(RATES, overall=0.1, lang=lang),
        "11": plots.growth_dots(YEARS, lang=lang),
        "+6": plots.growth_pieces(growth(), lang=lang),
    }
    for number, ax in drawn.items():
        assert number in plain(figure(ax).alt)
        assert figure(ax).caption
        # hatches of dots are drawn by curves: 300 kB a figure, and a page has a dozen of them
        assert len(style.to_svg(figure(ax))) < 120_000


def test_a_bridge_shows_years_by_name_and_other_periods_as_before_and_now():
    bridge = revenue.bridge_of(EFFECTS_FOUND, before=1000.0)
    ax = plots.growth_bridge(bridge, of="effects", periods=PERIODS, lang="en")
    assert "2024" in words(ax)
    quarter = mk.periods(as_of="2025-11-01", period="3 months")
    ax = plots.growth_bridge(bridge, of="effects", periods=quarter, lang="en")
    assert "Before" in words(ax)
    assert len(ax.patches) == 4  # no product is unknown, and nothing credited


@pytest.mark.parametrize(("found", "bars"), [(EFFECTS_FOUND, 4), (CREDITED, 5)])
def test_credits_are_an_effect_only_where_there_are_any(found, bars):
    bridge = revenue.bridge_of(found, before=1000.0)
    levels = pd.DataFrame([("category", 3, *found)], columns=["level", "rows", *found._fields])
    parted = pd.DataFrame(
        [("a", *found, 1.0, 2.0)], columns=["brand", *found._fields, "mix_between", "mix_within"]
    )
    drawn = plots.effect_levels(levels, lang="en")
    shown = [
        figure(plots.growth_bridge(bridge, of="effects", periods=PERIODS, lang="en")).alt,
        figure(drawn).alt,
        plots.effect_table(parted, lang="en").to_text(),
        sentences.revenue.effects(found, revenue_before=1000.0, lang="en"),
    ]
    assert ["redits" in str(one) for one in shown] == [bars == 5] * 4
    assert len(drawn.containers) == bars
    if bars == 5:
        assert "credits −7.0 pts. Credits are in none of the other" in plain(shown[-1])
        assert "avoirs" in plain(sentences.revenue.effects(found, revenue_before=1e3, lang="fr"))
        fell = growth()._replace(verdict="fell")
        about = {"channels": None, "effects": found, "periods": PERIODS, "lang": "en"}
        assert "Credits took it" in plain(sentences.revenue.headline(fell, **about))


def test_steps_that_are_unknown_or_lead_nowhere_known_are_left_out_of_the_bridge():
    """A refund is known, but not what it is taken from: it hangs from nothing."""
    cut = WAY.assign(amount=WAY["amount"].where(~WAY["step"].isin(["later", "received"])))
    cut["level"] = cut["level"].where(WAY.index < WAY["step"].tolist().index("later"))
    alt = plain(figure(plots.recognition_bridge(cut, lang="en")).alt)
    assert "Ordered, net sales $340" in alt
    assert "Refunds" not in alt
    assert "nan" not in alt


def test_names_fit():
    ax = plots.revenue_mix(MIX, by="category", periods=PERIODS, lang="fr")
    assert "Vêtements et accessoires de monta…" in words(ax)
    assert "4,0 % (nouveau)" in words(ax)
    canvas = figure(ax)
    for _again in range(2):  # texts take the places that the layout gave them
        canvas.canvas.draw()
    right = canvas.bbox.width
    assert all(text.get_window_extent().x1 <= right + 1 for text in ax.texts)


def test_without_a_comparison_only_shares_are_shown():
    null = ["revenue_before", "share_before", "change", "growth", "contribution"]
    alone = MIX.assign(**dict.fromkeys(null, np.nan))
    ax = plots.revenue_mix(alone, by="category", periods=ALONE, lang="en")
    assert "66.0%" in words(ax)
    assert "(" not in " ".join(text.get_text() for text in ax.texts)
    shown = plots.mix_table(alone, lang="en").to_text()
    assert "Growth" not in shown
    assert "66.0%" in shown
    assert "66.0%" in str(say.mix(alone, lang="en"))


def test_what_is_unknown_leads_nothing_and_has_its_share_said():
    most = MIX.assign(share=[0.2, 0.1, 0.7], share_before=[0.3, 0.2, 0.5])
    said = str(say.mix(most, lang="en"))
    assert said.startswith("First: Vêtements et accessoires de montagne pour enfants, 20.0%")
    assert said.endswith("Unknown: 70.0% of net sales.")
    assert said.count("Unknown") == 1
    assert str(say.mix(most.iloc[1:], lang="en")).startswith("First: Literie, 10.0%")
    french = str(say.mix(most, lang="fr")).replace("\u202f", " ").replace("\xa0", " ")
    assert french.endswith("Inconnu : 70,0 % des ventes nettes.")


def test_no_points_of_growth_are_told_of_sales_below_0():
    said = plain(say.effects(EFFECTS_FOUND, revenue_before=-45.0, lang="en"))
    assert said == (
        "Credits exceed what was bought in the period before: there is no growth to tell."
    )
    assert plain(say.effects(EFFECTS_FOUND, revenue_before=0.0, lang="en")).startswith(
        "Net sales are 0 in the period before"
    )


def test_a_segment_that_gained_share_is_not_said_to_lose_it():
    # Of 1,000 then 1,000: the unknown one fell from 4 % to 2.6 %, both others gained.
    both = MIX.assign(share_before=[0.577, 0.383, 0.04], share=[0.578, 0.396, 0.026])
    said = plain(say.mix(both, lang="en"))
    assert "Gains most share: Literie (+1.3 pts)." in said
    assert "oses" not in said
    none = plain(say.mix(MIX.assign(share_before=MIX.share), lang="en"))
    assert "share:" not in none
    lost = plain(say.mix(MIX, lang="en"))
    assert "Loses most share: Literie (−10.0 pts), with sales at −25.0%." in lost
    new = plain(say.mix(MIX.assign(growth=np.nan), lang="en"))
    assert "Loses most share: Literie (−10.0 pts). Unknown" in new


def test_credits_alone_are_no_new_segment():
    # 40 given back in a segment where nothing was sold before: its share is -4.2 %.
    credited = MIX.assign(revenue=[660.0, 340.0, -40.0], share=[0.6875, 0.3542, -0.0417])
    drawn = words(plots.revenue_mix(credited, by="category", periods=PERIODS, lang="en"))
    assert "−4.2%" in drawn
    assert "new" not in drawn
    assert "4.0% (new)" in words(plots.revenue_mix(MIX, by="category", periods=PERIODS, lang="en"))


def test_growth_beyond_the_axis_is_written_at_its_edge():
    ax = plots.growth_dots(RATES, lang="en")
    assert "+800% ▶" in words(ax)
    assert ax.get_xlim()[1] < 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda **k: plots.recognition_bridge(None, **k),
        lambda **k: plots.growth_bridge(None, of="network", periods=PERIODS, **k),
        lambda **k: plots.revenue_mix(None, by="category", periods=PERIODS, **k),
        lambda **k: plots.effect_levels(None, **k),
        lambda **k: plots.contribution_grid(None, **k),
        lambda **k: plots.growth_dots(None, **k),
    ],
)
def test_what_the_data_lack_is_said_in_place_of_the_figure(draw):
    lacks = ["products.category"]
    assert figure(draw(lang="en", lacks=lacks)).message.endswith("they lack products.category.")
    assert "lack" not in figure(draw(lang="en")).message
    assert figure(plots.growth_pieces(None, lang="en")).message
    assert figure(plots.revenue_concentration({}, lang="en")).message


@pytest.mark.parametrize(
    ("last", "said"), [("12-31", "months that"), ("03-15", "weeks that"), ("01-15", "the unit")]
)
def test_years_of_growth_tell_what_moves_as_a_whole_in_their_intervals(last, said):
    ends = [pd.Timestamp(f"{year}-{last}") for year in (2024, 2025)]
    years = YEARS.iloc[:2].assign(start=pd.to_datetime(["2024-01-01", "2025-01-01"]), end=ends)
    if last == "12-31":
        years["end"] += pd.Timedelta(days=1)
    assert said in figure(plots.growth_dots(years, lang="en")).caption


def test_what_a_level_does_not_know_is_not_called_a_product():
    unknown = EFFECTS_FOUND._replace(unknown_products=5.0)
    columns = ["level", "rows", *EFFECTS_FOUND._fields]
    levels = pd.DataFrame([("channel", 3, *unknown)], columns=columns)
    drawn = figure(plots.effect_levels(levels, lang="en"))
    assert "Unknown at that level" in drawn.alt
    assert "Unknown products" not in drawn.alt


def test_growth_by_the_week_is_dated_by_the_day_and_speaks_of_what_is_drawn():
    weeks = growth().pieces.iloc[:3].assign(start=pd.date_range("2025-11-10", periods=3, freq="7D"))
    short = growth(pieces=weeks, piece="week", low=None, high=None)
    drawn = figure(plots.growth_pieces(short, lang="en"))
    for day in ("November 10", "November 17", "November 24"):
        assert day in drawn.alt
    assert drawn.caption == "Dashes: growth of the period. A week alone says little."
    assert [text.get_text() for text in drawn.axes[0].get_xticklabels()][1:] == ["Nov 17", "Nov 24"]
    long = figure(plots.growth_pieces(growth(), lang="fr"))
    assert "Bande grise" in long.caption
    assert "Un mois seul" in long.caption


# --- Tables ---------------------------------------------------------------------------------


def test_tables_show_amounts_and_carry_their_values():
    way = plots.recognition_table(WAY, lang="en")
    assert "Recognised" in way.to_text()
    assert way.payload()["row_kpis"][0] == "booked_revenue"
    cut = WAY.assign(amount=WAY.amount.where(WAY.index < 7))
    assert "do not tell" in plots.recognition_table(cut, lang="en").to_text()
    mixed = plots.mix_table(MIX, lang="fr")
    assert "+10,0 %" in plain(mixed.to_text())
    assert "contribution" in [column["name"] for column in mixed.payload()["columns"]]
    dots = plots.growth_table(RATES, lang="en")
    assert "+20.0% to +40.0%" in plain(dots.to_text())
    assert "2024" in plots.growth_table(YEARS, lang="en").to_text()
    columns = ["brand", *EFFECTS_FOUND._fields, "mix_between", "mix_within"]
    parted = pd.DataFrame([("a", *EFFECTS_FOUND, 1.0, 2.0)], columns=columns)
    assert "Brand" in plots.effect_table(parted, lang="en").to_text()


def test_tables_of_groups_name_them():
    network = pd.DataFrame({"group": ["comparable", "no_store"], "stores": [2, 0]})
    for column in ("revenue_before", "revenue", "change", "growth", "contribution"):
        network[column] = [1.0, 2.0]
    assert "Magasins comparables" in plots.network_table(network, lang="fr").to_text()
    kinds = pd.DataFrame({"kind": ["new"], "customers": pd.array([3], dtype="Int64")})
    for column in ("revenue_before", "revenue", "change", "contribution"):
        kinds[column] = 1.0
    assert "New customers" in plots.source_table(Sources(kinds, None), lang="en").to_text()
    assert set(network.group) <= set(STEPS)


# --- Sentences ------------------------------------------------------------------------------


def test_the_headline_answers_and_says_what_to_do_only_when_it_is_sure():
    about = {"channels": MIX, "effects": EFFECTS_FOUND, "periods": PERIODS, "lang": "en"}
    sure = plain(say.headline(growth(), **about))
    assert "+6.0%" in sure
    assert "more than noise" in sure
    assert "More units were sold" in sure
    unsure = plain(say.headline(growth(low=-0.01, verdict="cannot_tell"), **about))
    assert "cannot tell which way" in unsure
    assert "More units were sold" not in unsure
    few = plain(say.headline(growth(low=None, high=None, verdict="cannot_tell"), **about))
    assert "Customers are too few" in few
    assert "No period to compare with" in plain(
        say.headline(None, channels=None, effects=None, periods=ALONE, lang="en")
    )
    assert "do not cover" in plain(
        say.headline(None, channels=None, effects=None, periods=PERIODS, lang="en")
    )


def test_days_without_orders_are_said_beside_the_growth():
    about = {"channels": MIX, "effects": EFFECTS_FOUND, "periods": PERIODS, "lang": "en"}
    gap = Gap(dt.date(2025, 3, 2), dt.date(2025, 7, 1))
    said = plain(say.headline(growth(), gap=gap, **about))
    assert said.count("Days without any order, March 2, 2025 to June 30, 2025") == 1
    assert "Days without" not in plain(say.headline(growth(), **about))


def test_growth_that_is_partly_missing_prices_has_no_verdict():
    holed = growth(verdict="cannot_tell", unpriced=Unpriced(0.01, 0.06))
    about = {"channels": MIX, "effects": EFFECTS_FOUND, "periods": PERIODS, "lang": "en"}
    said = plain(say.headline(holed, **about))
    assert "Prices are missing for 6.0% of units now, 1.0% before" in said
    assert "Chance alone" not in said
    assert "More units were sold" not in said
    orders = growth(verdict="cannot_tell", unpriced=Unpriced(0.06, 0.01, "orders"))
    assert "Amounts are missing for 1.0% of orders now, 6.0% before" in plain(
        say.headline(orders, **about)
    )
    none = plain(say.apart(RATES, whole=holed, lang="en"))
    assert "of no row can it be said that it grew or fell" in none
    alike = plain(say.headline(growth(unpriced=Unpriced(0.01, 0.014)), **about))
    assert alike == plain(say.headline(growth(), **about))


def test_the_first_cause_of_the_gap_is_named():
    about = {"start": "2025-12-01", "end": "2026-01-01", "lang": "en"}
    said = plain(say.recognition(WAY, **about))
    assert "cancelled since (−$60)" in said
    assert "Goods not received by the end of the period: $80" in said
    cut = WAY.assign(amount=WAY.amount.where(WAY.index < 7))
    assert "do not tell: refunds, allowances" in plain(say.recognition(cut, **about))


def test_noise_is_said_with_both_intervals_and_the_years():
    said = plain(say.noise(growth(), YEARS, lang="en"))
    assert "+2.0% to +10.0%" in said
    assert "+1.0% to +11.0%" in said
    assert "Their intervals meet" in said
    apart = YEARS.assign(low=[0.1, 0.05], high=[0.12, 0.07])
    assert "differ by more than chance" in plain(say.noise(growth(), apart, lang="en"))
    holed = apart.assign(unpriced=[0.06, 0.001])
    told = plain(say.noise(growth(), holed, lang="en"))
    assert "differ by more than chance" not in told
    assert "than of the other (2024): these changes are partly that" in told
    assert "(2024): these changes" in plain(plots.growth_table(holed, lang="en").to_text())
    hollow = plots.growth_dots(holed, lang="en").figure
    assert "2024 11.1%;" in plain(hollow.alt)
    assert "2025 6.0% (5.0% to 7.0%)" in plain(hollow.alt)
    assert "Hollow, without a bar: prices are missing" in hollow.caption
    assert "prices" not in plots.growth_dots(YEARS, lang="en").figure.caption
    assert "No earlier year" in plain(say.noise(growth(), YEARS.iloc[1:], lang="en"))
    steady = plain(say.noise(growth(months_error=0.0), YEARS, lang="en"))
    assert "no more than the luck" in steady
    few = growth(low=None, high=None, customers_low=None, customers_high=None)
    assert "cannot be told" in plain(say.noise(few, YEARS, lang="en"))


def test_segments_apart_are_counted_with_what_chance_would_do():
    whole = growth(value=0.1)
    said = plain(say.apart(RATES, whole=whole, lang="en"))
    assert "above the growth of all together: Web" in said
    assert "below it: Store" in said
    assert "1 of 2" in said
    assert "are too few" in plain(say.apart(RATES.iloc[2:], whole=whole, lang="en"))
    assert "are too few" in plain(say.apart(RATES, whole=None, lang="en"))


def test_a_segment_is_sure_by_its_own_interval_whatever_the_whole_does():
    # Web +63 % and store -45 %, each beyond its interval: what the whole does says nothing of them.
    rows = {"channel": ["web", "store"], "buyers": [500, 500], "revenue_before": [60.0, 103.0]}
    rows |= {"revenue": [97.0, 57.0], "growth": [0.63, -0.45]}
    shifted = pd.DataFrame(rows | {"low": [0.53, -0.49], "high": [0.75, -0.41]})
    flat = growth(value=-0.05, verdict="cannot_tell", months_error=0.02)
    assert "included: 1 of 2 grew, 1 fell." in plain(say.apart(shifted, whole=flat, lang="en"))
    assert "1 en hausse sur 2, 1 en baisse." in plain(say.apart(shifted, whole=flat, lang="fr"))
    shaken = flat._replace(months_error=0.4)
    assert "included: 0 of 2 grew, 0 fell." in plain(say.apart(shifted, whole=shaken, lang="en"))
    short = flat._replace(months_error=None)
    assert "left out: 1 of 2 grew, 1 fell." in plain(say.apart(shifted, whole=short, lang="en"))


def test_one_month_has_no_course_to_draw():
    months = pd.DataFrame({"period": pd.date_range("2025-06-01", periods=2, freq="MS")})
    months["booked_revenue"], months["recognised_revenue"] = [9557.0, 300.0], [9100.0, 280.0]
    assert plots.booked_by_month(months, lang="en").figure.message == ""
    alone = plots.booked_by_month(months.iloc[:1], lang="en").figure
    assert alone.message == "One whole month only: there is no line to draw."
    assert "9,557 to" not in plain(alone.alt)
    none = plots.booked_by_month(months.iloc[:0], lang="en").figure
    assert none.message == "No whole month of sales in the period."


def test_a_period_held_against_its_weeks_speaks_of_weeks():
    weekly = growth(value=0.1, piece="week")
    said = [
        plain(say.noise(weekly, YEARS, lang="en")),
        plain(say.noise(weekly._replace(months_error=0.0), YEARS, lang="en")),
        plain(say.apart(RATES, whole=weekly, lang="en")),
    ]
    assert "Weeks also moved as a whole" in said[0]
    assert "Weeks vary no more than the luck of orders" in said[1]
    assert "weeks that move as a whole included" in said[2]
    assert not any("onths " in text for text in said)
    assert "Months also moved" in plain(say.noise(growth(), YEARS, lang="en"))
    short = weekly._replace(months_error=None, piece=None)
    assert "whether months or weeks moved" in plain(say.noise(short, YEARS, lang="en"))


def test_segments_without_an_interval_are_named_beside_the_counts():
    # Web: credits above what was bought (growth -1.14); store: below the whole.
    rates = RATES.iloc[:2].assign(growth=[-1.14, 0.02], low=[np.nan, -0.05], high=[np.nan, 0.09])
    said = plain(say.apart(rates, whole=growth(value=0.1), lang="en"))
    assert (
        "above the growth of all together: no segment; below it: Store. One cannot tell: 0" in said
    )
    assert "Not counted, since they have no interval: Web (too few" in said
    every = plain(say.apart(RATES.iloc[:2], whole=growth(value=0.1), lang="en"))
    assert "Not counted" not in every
    many = pd.concat([RATES.iloc[:1], *[rates.iloc[:1].assign(channel=f"c{n}") for n in range(7)]])
    cut = plain(say.apart(many, whole=growth(value=0.1), lang="en"))
    assert "c0, c1, c2, c3, c4, … (too few" in cut


def test_one_segment_alone_is_not_named_as_the_source():
    lone = MIX.iloc[:1].rename(columns={"category": "channel"}).assign(channel="web")
    about = {"effects": None, "periods": PERIODS, "lang": "en"}
    assert "segment" not in plain(say.headline(growth(), channels=lone, **about))
    both = MIX.iloc[:2].rename(columns={"category": "channel"}).assign(channel=["web", "store"])
    assert "Web" in plain(say.headline(growth(), channels=both, **about))


def test_sales_of_exactly_0_are_not_said_to_be_nothing_sold():
    # 30 bought and 30 credited in the period before.
    even = growth(value=None, revenue_before=0.0)
    said = plain(say.noise(even, YEARS, lang="en"))
    assert said.startswith("Net sales are 0 in the period before")
    assert "all of it credited" in said


@pytest.mark.parametrize(("former", "said"), [(0.4, "who is first changes"), (0.55, "mostly stay")])
def test_the_first_are_said_to_change_only_where_they_do(former, said):
    tops = pd.DataFrame({"top": [0.2], "members": [2], "revenue": [5.0], "share": [0.583]})
    found = Concentration(10, 9.0, 2, 0.3, tops.assign(share_of_former=former), pd.DataFrame())
    text = plain(say.concentration(found, None, lang="en"))
    assert said in text
    assert ("no plan for tomorrow" in text) == (former == 0.4)


@pytest.mark.parametrize(
    ("half", "lang", "said"),
    [
        (1, "en", "Half of sales rest on 1 product of 3: keep it in stock first."),
        (2, "en", "Half of sales rest on 2 products of 3: keep these in stock first."),
        (1, "fr", "La moitié des ventes repose sur 1 produit sur 3\u202f: ne laissez pas celui-là"),
    ],
)
def test_the_products_that_make_half_are_counted_in_words(half, lang, said):
    products = Concentration(3, 9.0, half, 0.6, pd.DataFrame(), pd.DataFrame())
    text = plain(say.concentration(None, products, lang=lang))
    assert text.startswith(plain(said))


def test_the_dashes_of_the_stores_are_named():
    ax = plots.growth_dots(RATES, overall=0.1, overall_of="comparable", lang="en")
    assert "Dashes: the stores open in both periods together, +10.0%" in plain(figure(ax).caption)


def test_what_was_cancelled_is_not_said_to_be_nothing_where_it_is_not_told():
    about = {"start": "2025-12-01", "end": "2026-01-01", "lang": "en"}
    known = ["booked", "ordered"]
    cut = WAY.assign(amount=WAY.amount.where(WAY.step.isin(known)))
    said = plain(say.recognition(cut, **about))
    assert "known to be cancelled" not in said
    assert "do not tell: cancelled since, " in said
    told = WAY.assign(amount=WAY.amount.where(WAY.step != "cancelled"))
    said = plain(say.recognition(told, **about))
    assert "The first cause of the gap: deliveries that change period (−$30)" in said
    assert "The data do not tell: cancelled since." in said


def test_the_calendar_is_said_in_points_and_its_limits_named():
    days = pd.DataFrame({"weekday": range(1, 8), "days_before": [53, 53, *[52] * 5]})
    days["days"], days["mean_before"], days["effect"] = [52, 52, 53, *[52] * 4], 1.0, 0.0
    said = plain(say.calendar(CalendarEffect(days, -12.0, -0.0024), lang="en"))
    assert "366 days, then 365" in said
    assert "−0.24 pts" in said
    same = days.assign(days=days.days_before)
    assert "no calendar effect" in plain(say.calendar(CalendarEffect(same, 0.0, 0.0), lang="en"))
    assert "cannot be compared" in plain(say.calendar(CalendarEffect(days, None, None), lang="en"))


def test_stores_and_customers_in_sentences():
    rows = pd.DataFrame(
        {
            "group": ["comparable", "closed", "no_store"],
            "stores": [2, 1, 0],
            "revenue_before": [100.0, 50.0, 80.0],
            "revenue": [110.0, 0.0, 90.0],
            "change": [10.0, -50.0, 10.0],
            "growth": [0.1, -1.0, 0.125],
            "contribution": [0.04, -0.2, 0.04],
        }
    )
    said = plain(say.network(rows, growth(), lang="en"))
    assert "changed by +10.0%" in said
    assert "So few stores" in said
    assert "−$50" in said
    # Of what has no store on record, nothing tells that it was sold online.
    assert "such as sales online and credits entered without one: +12.5%." in said
    assert "No known store" in plots.network_table(rows, lang="en").to_text()
    assert "No store was open" in plain(say.network(rows.iloc[1:], None, lang="en"))
    kinds = pd.DataFrame({"kind": ["new", "silent", "kept"], "change": [60.0, -50.0, -5.0]})
    sources = Sources(kinds, pd.Timestamp("2023-01-01").date())
    told = plain(say.customers(sources, whole=growth(), lang="en"))
    assert "bought anew" in told
    for whole in (None, growth(verdict="cannot_tell"), growth(verdict="fell")):
        assert "bought anew" not in plain(say.customers(sources, whole=whole, lang="en"))
    assert "$50" in told
    assert not math.isnan(rows.change.sum())


def test_french_sentences_are_spaced_as_french_is():
    said = str(say.apart(RATES, whole=growth(value=0.1), lang="fr")) + str(
        say.noise(growth(), YEARS, lang="fr")
    )
    assert "\u00a0:" in said
    assert " :" not in said
    assert " %" not in said
