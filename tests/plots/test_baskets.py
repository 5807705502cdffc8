"""Figures, tables and sentences of baskets: what they show, and that both languages have it."""

import datetime as dt

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import baskets, plots
from marketing_kpi.accounts.whole_orders import PaidLess
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.plots import sentences
from marketing_kpi.text.locale import Reader

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
MARKS = pd.DataFrame(
    {"kpi": ["lost sales", "a very long name of a candidate that must take two lines", "colour"],
     "impact": [9, 7, 2], "confidence": [7, 7, 3], "ease": [5, 6, 4]}
)  # fmt: skip


def plain(text):
    return str(text).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture(scope="module")
def found():
    """What the chapter returns on the demo, computed once."""
    data = mk.demo()
    lost = baskets.lost_sales(data, **YEAR)
    return {
        "pairs": baskets.pairs(data, end="2026-01-01", named=True),
        "prices": baskets.prices_by(data, by="category", **YEAR),
        "whole": baskets.prices_by(data, **YEAR),
        "before": baskets.prices_by(data, start="2024-01-01", end="2025-01-01"),
        "lost": lost,
        "losses": baskets.lost_by(lost, by="name"),
        "months": baskets.lost_by(lost, by="month"),
        "crossed": baskets.cross_sell(data, by="channel", **YEAR),
        "ranked": baskets.prioritise(MARKS),
    }


FIGURES = {
    "pairs": lambda found, lang: plots.pair_lifts(found["pairs"], lang=lang),
    "prices": lambda found, lang: plots.list_price_parts(found["prices"], lang=lang),
    "losses": lambda found, lang: plots.lost_revenue(found["losses"], lang=lang),
    "months": lambda found, lang: plots.lost_revenue(found["months"], lang=lang),
    "priorities": lambda found, lang: plots.priority_ranges(found["ranked"], lang=lang),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_an_alt_text_with_its_numbers_in_both_languages(found, name):
    french, english = (FIGURES[name](found, lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()
    assert french.caption != english.caption


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut(found, name):
    figure = FIGURES[name](found, "fr").figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    assert min(drawn.x0, drawn.y0) >= -0.02
    assert drawn.x1 <= figure.get_figwidth() + 0.02
    assert drawn.y1 <= figure.get_figheight() + 0.02


def test_only_pairs_that_stand_out_are_drawn(found):
    ax = plots.pair_lifts(found["pairs"], lang="en")
    named = (found["pairs"].pairs["verdict"] == "together").sum()
    assert len(ax.get_yticklabels()) == named == 9
    assert "(7,140)" in ax.figure.caption


def test_bars_are_what_discounts_take(found):
    ax = plots.list_price_parts(found["prices"], lang="en")
    drawn = sorted(patch.get_width() for patch in ax.patches)
    prices = found["prices"]
    shares = [
        prices[f"{kind}_discounts"] / prices["gross_sales"] for kind in ("promotion", "other")
    ]
    assert drawn == pytest.approx(sorted(pd.concat(shares)))
    assert "paid: 92.1%" in [text.get_text() for text in ax.texts]


def test_months_stand_in_their_order(found):
    labels = [
        t.get_text() for t in plots.lost_revenue(found["months"], lang="en").get_yticklabels()
    ]
    assert labels[0].startswith("Jan")
    assert labels[-1].startswith("Dec")


TABLES = {
    "basket_pairs": lambda found: plots.pair_table(found["pairs"], lang="fr"),
    "prices_by_category": lambda found: plots.list_price_table(found["prices"], lang="fr"),
    "lost_sales_by_name": lambda found: plots.lost_table(found["losses"], lang="fr"),
    "online_places": lambda found: plots.online_places(found["lost"], lang="fr"),
    "cross_sell_by_channel": lambda found: plots.cross_sell_table(found["crossed"], lang="fr"),
    "kpi_priorities": lambda found: plots.priority_table(found["ranked"], lang="fr"),
}


def test_units_of_orders_without_a_store_are_not_called_online(found):
    """An order by phone names no store either."""
    shown = TABLES["online_places"](found).payload()
    assert "en ligne" not in str(shown)
    assert "Unités vendues sans magasin" in str(shown)


@pytest.mark.parametrize("id", TABLES)
def test_a_table_has_its_id_and_its_rows(found, id):
    payload = TABLES[id](found).payload()
    assert payload["id"] == id
    assert payload["rows"]


def test_tables_lead_to_their_definitions(found):
    kpis = {c["kpi"] for id in TABLES for c in TABLES[id](found).payload()["columns"]}
    assert {
        "basket_support", "basket_confidence", "basket_lift", "cross_sell_rate",
        "price_realisation", "promotion_share", "discount_rate", "lost_sales_units",
        "lost_sales_revenue", "kpi_priority_score",
    } <= kpis  # fmt: skip


def test_the_list_of_pairs_says_what_it_leaves_out(found):
    pairs = found["pairs"]
    assert len(pairs.pairs) < pairs.tested == 7_140
    text = plain(plots.pair_table(pairs, lang="en").to_text())
    assert f"Listed: the {len(pairs.pairs):,} least likely" in text
    whole = pairs._replace(tested=len(pairs.pairs))
    assert "Listed" not in plain(plots.pair_table(whole, lang="en").to_text())


@pytest.mark.parametrize(("verdict", "advised"), [("together", True), ("cannot_tell", False)])
def test_bundles_are_advised_on_pairs_where_there_are_any(found, verdict, advised):
    none = baskets.Sets(pd.DataFrame({"verdict": ["cannot_tell"]}), 100, products=3, tested=1)
    pairs = found["pairs"]
    beside = pairs._replace(pairs=pairs.pairs.assign(verdict=verdict))
    said = plain(sentences.baskets.sets(none, beside=beside, lang="en"))
    assert "None tells more than its pairs." in said
    assert ("Build bundles" in said) == advised


def test_sets_are_shown_with_all_their_products(found):
    sets = pd.DataFrame(
        {"products": [("a", "b", "c")], "together": 9, "lift": 8.0, "lift_beyond": 3.0,
         "low": 1.5, "high": 5.0, "verdict": "together"}
    )  # fmt: skip
    three = baskets.Sets(sets, baskets=100, products=3, tested=1)
    assert "a + b + c" in plain(plots.set_table(three, lang="en").to_text())
    said = plain(sentences.baskets.sets(three, beside=found["pairs"], lang="en"))
    assert said.endswith("a + b + c, 3.0 times as often (95% interval: 1.5 to 5.0).")


def test_what_goes_together_is_said(found):
    said = plain(sentences.baskets.together(found["pairs"], lang="en"))
    assert said.startswith("Of the 7,140 pairs of 120 products looked at in 39,219 baskets")
    assert "9 are bought together" in said
    assert "Draps de flanelle" in said
    nothing = found["pairs"]._replace(pairs=found["pairs"].pairs.iloc[:0])
    assert plain(sentences.baskets.together(nothing, lang="en")).endswith(
        "none is bought together more often than chance would have it."
    )


def test_what_all_take_is_offered_to_nobody():
    day = pd.Timestamp("2025-03-03")
    pair = {"first": "Beer", "second": "Deposit", "verdict": "together", "confidence": 1.0}
    row = pd.DataFrame([pair | {"adjusted_lift": 9.0, "low": 8.0, "high": 10.0}])
    told = {"pairs": row, "baskets": 500, "tested": 3, "products": 3}
    told |= {"first_day": day, "last_day": day}
    some = baskets.Pairs(**{name: told.get(name) for name in baskets.Pairs._fields})
    said = plain(sentences.baskets.together(some, lang="en"))
    assert said.endswith("All who take the first take the second, as with a deposit or a part of "
                         "it: there is nobody left to offer it to.")  # fmt: skip
    most = some._replace(pairs=row.assign(confidence=0.4))
    assert "40.0% of those who take" in plain(sentences.baskets.together(most, lang="en"))


def test_one_pair_is_said_as_one(found):
    one = found["pairs"]._replace(tested=1, products=2)
    said = plain(sentences.baskets.together(one, lang="en"))
    assert said.startswith("Of the 1 pair of 2 products looked at in 39,219 baskets")
    french = plain(sentences.baskets.together(one, lang="fr"))
    assert french.startswith("Sur 1 paire de 2 produits examinée dans 39 219 paniers")


def test_pairs_say_what_is_corrected_and_how_many_were_looked_at(found):
    shown = plots.pair_table(found["pairs"], lang="en").to_text()
    assert (
        "The verdict is corrected for all the pairs looked at (7,140); the intervals are not."
        in shown
    )
    assert "highest low end first" in plots.pair_lifts(found["pairs"], lang="en").figure.caption


def test_prices_are_said(found):
    said = plain(sentences.baskets.prices(found["whole"], found["before"], lang="en"))
    assert said.startswith("Customers pay 94.9% of the list price.")
    assert "price realisation moved by" in said
    gap = Gap(dt.date(2025, 3, 2), dt.date(2025, 7, 1))
    days = plain(sentences.baskets.prices(found["whole"], found["before"], gap=gap, lang="en"))
    assert days.count("Days without any order, March 2, 2025 to June 30, 2025") == 1
    alone = plain(sentences.baskets.prices(found["whole"], lang="en"))
    assert "moved" not in alone


@pytest.fixture(scope="module")
def unparted():
    """Prices of a shop whose lines name no promotion."""
    day = pd.Timestamp("2025-03-03")
    orders = pd.DataFrame({"order_id": [*"12"], "ordered_at": day, "channel": ["web", "store"]})
    lines = pd.DataFrame({"order_id": [*"12"], "line_id": "1", "quantity": 1})
    lines["list_price"], lines["unit_price"] = 100.0, [80.0, 100.0]
    data = mk.open_data({"orders": orders, "order_lines": lines})
    return baskets.prices_by(data, **YEAR), baskets.prices_by(data, by="channel", **YEAR)


def test_no_promotion_is_named_where_no_line_can_name_one(unparted):
    whole, by_channel = unparted
    said = plain(sentences.baskets.prices(whole, lang="en"))
    assert said == "Customers pay 90.0% of the list price. Discounts take 10.0%: $20 in all."
    ax = plots.list_price_parts(by_channel, lang="en")
    assert sorted(patch.get_width() for patch in ax.patches) == pytest.approx([0, 0.2])
    assert "romotion" not in ax.figure.caption
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Discounts"]
    labels = [
        c["label"] for c in plots.list_price_table(by_channel, lang="en").payload()["columns"]
    ]
    assert labels == [
        "Channel", "At list price", "Discounts", "Net sales", "Discount rate", "Price realisation",
    ]  # fmt: skip


def test_no_list_price_is_said_in_place_of_a_row_of_nothing(unparted):
    whole, _ = unparted
    nothing = whole.assign(gross_sales=None, price_realisation=None)
    said = plots.list_price_table(nothing, lang="en")
    assert plain(said) == "No sale with a list price to show."


def test_discounts_of_credits_are_no_price_above_the_list():
    # Sold at list price, 100; a credit gives back 70 for goods listed at 100.
    day = pd.Timestamp("2025-03-03")
    orders = pd.DataFrame({"order_id": [*"123"], "ordered_at": day, "channel": "web"})
    lines = pd.DataFrame({"order_id": [*"123"], "line_id": "1", "quantity": [1, 1, -1]})
    lines["list_price"], lines["unit_price"] = 100.0, [100.0, 100.0, 70.0]
    data = mk.open_data({"orders": orders, "order_lines": lines})
    by_channel = baskets.prices_by(data, by="channel", **YEAR)
    assert by_channel.discounts.tolist() == by_channel.credit_discounts.tolist() == [-30]
    back = "Goods given back by credits had been sold at a discount, of $30 in all."
    said = plain(sentences.baskets.prices(baskets.prices_by(data, **YEAR), lang="en"))
    assert said == f"Credits counted, 130.0% of the list price is left. {back}"
    caption = plots.list_price_parts(by_channel, lang="en").figure.caption
    assert caption.endswith("Left of 0: goods given back by credits, that had been sold at a "
                            "discount.")  # fmt: skip
    assert "above" not in caption
    assert [*map(plain, plots.list_price_table(by_channel, lang="en").notes)] == [back]


def test_prices_above_the_list_are_no_discount(unparted):
    whole, by_channel = unparted
    dear = whole.assign(price_realisation=1.1, discounts=-120.0, promotion_discounts=30.0)
    said = plain(sentences.baskets.prices(dear, lang="en"))
    assert said.startswith(
        "Customers pay 110.0% of the list price. Prices paid are above list prices, by $120 in all:"
    )
    assert "Promotions take" not in said
    ax = plots.list_price_parts(
        by_channel.assign(discounts=-0.1 * by_channel.gross_sales, price_realisation=1.1), lang="en"
    )
    assert ax.figure.caption.endswith("Left of 0: sold above the list price.")
    assert "Left of 0" not in plots.list_price_parts(by_channel, lang="en").figure.caption
    some = whole.assign(promotion_discounts=-1.0)
    assert "Discounts take" in plain(sentences.baskets.prices(some, lang="en"))


def test_the_list_price_is_not_said_to_be_paid_where_orders_were_paid_less(unparted):
    whole, _by_channel = unparted
    less = PaidLess(orders=3, amount=30.0)
    said = plain(sentences.baskets.prices(whole, less=less, lang="en"))
    assert "Customers pay" not in said
    assert said.startswith(
        "The prices of lines are 90.0% of the list price: discounts on lines are $20 in all. "
        "Orders paid less than their lines add up to: 3, by $30 in all."
    )
    dear = whole.assign(price_realisation=1.1, discounts=-120.0)
    above = plain(sentences.baskets.prices(dear, less=less, lang="en"))
    assert above.startswith("The prices of lines are 110.0% of the list price. Prices paid are")


def test_losses_are_said(found):
    lost = found["lost"]
    said = plain(sentences.baskets.lost(lost, lang="en"))
    assert said.startswith(f"Stock-outs missed about {lost.units:,.0f} units ({lost.low:,.0f} to")
    assert "what no comparable day can know" in plain(sentences.baskets.limits(lost, lang="en"))
    for nothing in (None, lost._replace(days_out=0), lost._replace(units=None)):
        assert sentences.baskets.limits(nothing, lang="en") is None
    none = plain(sentences.baskets.lost(lost._replace(days_out=0), lang="en"))
    assert none == "No product was out of stock in the period."
    unknown = plain(sentences.baskets.lost(lost._replace(units=None), lang="en"))
    assert unknown.endswith("No comparable day tells what these stock-outs lost.")
    part = plain(sentences.baskets.lost(lost._replace(days_recorded=261), lang="en"))
    assert "261 of" in part
    assert "what was lost on the others is not counted" in part
    assert "stock record" not in plain(sentences.baskets.lost(lost, lang="en"))
    some = plain(sentences.baskets.lost(lost._replace(days_unknown=7), lang="en"))
    assert some.endswith("left out: 7.")
    away = "Units sold by stores without stock on record, left out: 1,234."
    for one in (lost, lost._replace(units=None)):
        assert away not in plain(sentences.baskets.lost(one, lang="en"))
        told = plain(sentences.baskets.lost(one._replace(elsewhere=1234.0), lang="en"))
        assert told.endswith(away)


def test_where_half_of_the_loss_comes_from():
    losses = pd.DataFrame({"name": [*"abc"], "lost_revenue": [60.0, 30.0, 10.0]})
    said = plain(sentences.baskets.where(losses, lang="en"))
    assert said.startswith("Half of the revenue lost comes from 1 product of 3.")
    even = losses.assign(lost_revenue=10.0)
    said = plain(sentences.baskets.where(even, lang="fr"))
    assert said.startswith("La moitié du chiffre d'affaires perdu vient de 2 produits sur 3.")
    alone = plain(sentences.baskets.where(losses.iloc[:1], lang="en"))
    assert alone.startswith("All of the revenue lost comes from one product.")


def test_stock_outs_that_no_day_tells_of_are_not_called_none():
    columns = ["name", "days", "lost_revenue", "revenue_low", "revenue_high"]
    losses = pd.DataFrame([["a", 9, None, None, None]], columns=columns)
    untold = "No comparable day tells what these stock-outs lost."
    assert plain(sentences.baskets.where(losses, lang="en")) == untold
    assert plots.lost_revenue(losses, lang="en").figure.message == untold
    assert plain(sentences.baskets.where(losses.iloc[:0], lang="en")) == "No stock-out to show."
    assert plots.lost_revenue(losses.iloc[:0], lang="en").figure.message == "No stock-out to show."


def test_priorities_are_said(found):
    said = plain(sentences.baskets.priorities(found["ranked"], lang="en"))
    assert said.startswith("First: lost sales, with a score of 315.")
    assert "a very long name" in said
    sure = baskets.prioritise(MARKS.iloc[[0, 2]])
    assert "would not change that" in plain(sentences.baskets.priorities(sure, lang="en"))


def test_what_the_data_lack_is_said_in_place_of_everything():
    lacks, reader = ["stock.day"], Reader.of("en")
    reason = "The data cannot tell: they lack stock.day."
    empty = pd.DataFrame()
    said = [
        sentences.baskets.together(None, lang=reader, lacks=lacks),
        sentences.baskets.sets(None, beside=None, lang=reader, lacks=lacks),
        sentences.baskets.prices(empty, lang=reader, lacks=lacks),
        sentences.baskets.lost(None, lang=reader, lacks=lacks),
        plots.pair_table(None, lang=reader, lacks=lacks),
        plots.list_price_table(empty, lang=reader, lacks=lacks),
        plots.lost_table(empty, lang=reader, lacks=lacks),
    ]
    assert {plain(one) for one in said} == {reason}


def test_nothing_to_draw_gives_a_sentence(found):
    empty = pd.DataFrame()
    figures = [
        plots.list_price_parts(empty, lang="en"),
        plots.lost_revenue(empty, lang="en"),
        plots.priority_ranges(found["ranked"].iloc[:0], lang="en"),
        plots.pair_lifts(found["pairs"]._replace(pairs=found["pairs"].pairs.iloc[:0]), lang="en"),
    ]
    assert all(ax.figure.message for ax in figures)
