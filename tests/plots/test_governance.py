"""Figures, tables and sentences of governance: words, numbers, what lacks, nothing cut."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from marketing_kpi import governance, plots
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.plots.governance import (
    GRANULARITIES,
    OWNERS,
    latency,
    moved,
    moves,
    sources_of,
)
from marketing_kpi.plots.governance import system_name as named
from marketing_kpi.plots.sentences import governance as said
from marketing_kpi.text.locale import Reader

KPI = "average_order_value"


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def sides(old, new):
    frame = pd.DataFrame({"period": pd.date_range("2024-01-01", periods=len(old), freq="MS")})
    frame["old"], frame["new"] = np.array(old, float), np.array(new, float)
    frame["gap"] = frame["new"] - frame["old"]
    frame["relative_gap"] = frame["gap"] / frame["old"]
    return frame


SIDES = sides([200, 210, 190, 205], [185, 200, 170, 190])
FLOW = governance.flow()
ROWS = pd.DataFrame({"customer_id": [f"c{n // 2}" for n in range(100)], "channel": "web"})
ROWS["orders"], ROWS["net_sales"] = 1, 50.0
ERRORS = governance.errors_of_matching(
    ROWS, missed=(0.2, 1.0), mixed=(0.1,), rng=np.random.default_rng(1), draws=5
)
SHARE = governance.Share(0.008, 0.005, 0.012, 6054, 19, 8099, ("pos", "app"))
COVERAGE = pd.DataFrame({"owner": ["finance", "crm", "legal"], "kpis": [5, 4, 1]})
COVERAGE["computable"] = [2, 4, 1]
COVERAGE["lacking"] = [("net_revenue", "allowances", "refund_rate"), (), ()]

FIGURES = {
    "flow": lambda lang: plots.data_flow(FLOW, lang=lang),
    "grid": lambda lang: plots.source_grid(FLOW, lang=lang),
    "definitions": lambda lang: plots.definitions(SIDES, kpi=KPI, on="2024-03-01", lang=lang),
    "missed": lambda lang: plots.matching_moves(ERRORS, lang=lang),
    "mixed": lambda lang: plots.matching_moves(ERRORS, error="mixed", lang=lang),
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
    boxes = [text.get_window_extent() for text in ax.texts if name == "flow" and text.get_text()]
    assert not any(one.overlaps(two) for n, one in enumerate(boxes) for two in boxes[n + 1 :])


@pytest.mark.parametrize("name", FIGURES)
def test_the_text_of_a_phones_figure_can_be_read(name):
    figure = FIGURES[name]("fr").figure
    scale = 360 / (figure.get_figwidth() * 96)
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    assert min(sizes) * scale >= 4.4


def test_the_alt_text_of_the_flow_has_its_counts():
    alt = plain(plots.data_flow(FLOW, lang="en").figure.alt)
    for system, count in FLOW.groupby("system")["kpis"].sum().items():
        assert f"{named(system, lang='en')}: {count} KPI" in alt


def test_the_thick_line_changes_definition_on_the_day():
    ax = plots.definitions(SIDES, kpi=KPI, on="2024-03-01", lang="en")
    thick = [line for line in ax.lines if line.get_linewidth() > 2]
    assert [list(line.get_ydata()) for line in thick] == [[200, 210], [170, 190]]
    assert not [
        line for line in plots.definitions(SIDES, kpi=KPI, lang="en").lines
        if line.get_linewidth() > 2
    ]  # fmt: skip


def test_where_there_is_nothing_the_figures_say_so():
    none = SIDES.assign(new=np.nan)
    drawn = [
        plots.data_flow(FLOW.iloc[:0], lang="en"),
        plots.source_grid(FLOW.iloc[:0], lang="en"),
        plots.definitions(none, kpi=KPI, lang="en"),
        plots.matching_moves(ERRORS.iloc[:0], lang="en"),
    ]
    assert all(ax.figure.message for ax in drawn)


# --- Tables ---------------------------------------------------------------------------------


def test_every_owner_system_and_granularity_of_the_dictionary_has_a_name():
    sources, register = governance.sources(), governance.register()
    assert {*sources["owner"], *register["owner"]} <= OWNERS.keys()
    assert {*sources["granularity"]} <= GRANULARITIES.keys()
    assert all(named(origin.system, lang="fr") for origin in governance.ORIGINS.values())


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_table_is_shown_with_its_caption(lang):
    new = governance.proposed("returns_off", on="2025-01-01")
    leaving = governance.revised(
        dictionary(), "buyers", on="2026-01-01", status="deprecated", replaced_by="orders",
        retires_on="2026-04-01",
    )  # fmt: skip
    change = governance.Break(80.0, 82.0, 74.0, 75.0)
    systems = pd.DataFrame({"system": ["pos", "odd"], "accounts": [3, 2], "people": [2, 2]})
    tables = [
        plots.coverage_table(COVERAGE, lang=lang),
        plots.treatment_table(governance.treatment(), lang=lang),
        plots.systems_table(governance.systems(), lang=lang),
        plots.kpi_sources_table(governance.sources(), lang=lang, kpi=KPI),
        plots.kpi_sources_table(governance.sources(), lang=lang),
        plots.definitions_table(SIDES, kpi=KPI, lang=lang),
        plots.break_table({"returns_off": (KPI, change)}, lang=lang),
        plots.changes_table(governance.changes(dictionary(), new), lang=lang),
        plots.deprecation_table(
            governance.deprecations(as_of="2026-01-01", entries=leaving), lang=lang
        ),
        plots.identities_table(
            systems.assign(extra=0, unmatched=0, shared=[2, *[0] * (len(systems) - 1)]), lang=lang
        ),
        plots.matching_table(ERRORS, lang=lang),
        plots.register_table(governance.register(), lang=lang),
        plots.register_table(governance.register(leaving), lang=lang),
    ]
    assert all(len(table.to_text().splitlines()) > 2 for table in tables)
    shown = plain(tables[6].to_text())
    assert ("−5,00 $" if lang == "fr" else "−$5.00") in shown
    assert "odd" in tables[9].to_text()


def test_the_register_and_the_matrix_have_a_row_a_kpi_or_source_and_fold():
    register, sources = governance.register(), governance.sources()
    for shown, rows in (
        (plots.register_table(register, lang="fr"), len(register)),
        (plots.kpi_sources_table(sources, lang="fr"), len(sources)),
    ):
        assert len(shown.rows) == rows > shown.shown == 15
    row = dict(zip(register["kpi"], plots.register_table(register, lang="fr").rows, strict=True))
    cells = plain(row["average_order_value"])
    assert "Équipe e-commerce" in cells
    assert "en vigueur" in cells
    assert "24 mois" in plain(row["net_revenue_retention"])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_errors_are_not_tabled_of_too_few_customers(lang):
    few = governance.errors_of_matching(
        ROWS.iloc[:6], missed=(1.0,), mixed=(0.1,), rng=np.random.default_rng(1), draws=2
    )
    assert str(plots.matching_table(few, lang=lang)) == str(said.matching(few, lang=lang))
    assert not plots.matching_moves(few, lang=lang).lines


@pytest.mark.parametrize(
    ("days", "text"),
    [(1 / 24, "within the hour"), (0.25, "within a day"), (1, "within a day"),
     (7, "within a week"), (30.4375, "after the month")],
)  # fmt: skip
def test_latency_in_words(days, text):
    assert latency(days, lang="en") == text


def test_changes_have_the_units_of_changes():
    us = Reader.of("en")
    assert plain(moved(0.02, "fraction", us)) == "+2.0 pts"
    assert moved(3.0, "ratio", us).startswith("+")
    assert moved(float("nan"), "currency", us) == "–"


@pytest.mark.parametrize("unit", ["currency", "fraction", "ratio", "count", "hours"])
def test_what_happened_and_what_was_redefined_make_what_is_shown_as_published(unit):
    rng, us = np.random.default_rng(5), Reader.of("en")
    for levels in rng.uniform(0, 2 if unit == "fraction" else 90, (40, 4)):
        shown = moves(governance.Break(*levels), unit, us)
        first, *parts = [
            float(re.sub(r"[^0-9.+-]", "", plain(text).replace("\u2212", "-"))) for text in shown
        ]
        assert first == pytest.approx(sum(parts), abs=1e-9)


def test_the_sources_of_a_kpi_are_told():
    told = [*sources_of(dictionary().kpi(KPI), Reader.of("en"))]
    assert told[0] == "till: kept by Stores, one row a receipt line, within a day"


# --- Sentences ------------------------------------------------------------------------------


def test_what_the_data_allow():
    told = plain(said.headline(COVERAGE, lang="en"))
    assert "allow 7 of the 10 KPIs" in told
    assert "Finance (3)" in told
    whole = COVERAGE.assign(computable=COVERAGE["kpis"])
    assert "allow all 10 KPIs" in plain(said.headline(whole, lang="en"))
    assert "3 owners" in plain(said.headline(whole, lang="en"))


def test_a_change_that_turns_the_sign_says_so():
    how = {"proposal": "returns_off", "kpi": KPI, "lang": Reader.of("en")}
    turned = said.change(SIDES, governance.Break(80, 82, 74, 75), **how)
    assert "would show −$5.00 where +$2.00 happened" in plain(turned)
    assert "turns the sign" in plain(turned)
    same = plain(said.change(SIDES, governance.Break(80, 82, 83, 86), **how))
    assert "turns the sign" not in same
    assert "+$2.00 happened, the definition adds +$4.00" in same
    assert "recompute the history" in same


def test_an_even_gap_needs_no_recomputing_and_nothing_to_compare_is_silent():
    how = {"proposal": "returns_off", "kpi": KPI, "lang": "en"}
    even = plain(said.change(sides([100, 200], [50, 100]), None, **how))
    assert "recompute" not in even
    assert "Changed without a word" not in even
    half = governance.Break(80, 82, 74, float("nan"))
    assert "Changed without a word" not in plain(said.change(SIDES, half, **how))


def test_what_cannot_be_computed_is_said():
    told = said.change(None, None, proposal="returns_off", kpi=KPI, lang="en", lacks=["returns.x"])
    assert plain(told).endswith("The data cannot tell: they lack returns.x.")
    assert "cannot be computed both ways" in plain(told)


def test_a_share_has_its_interval_and_few_accounts_none():
    told = plain(said.persons(SHARE, lang="en"))
    assert "about 0.8% hang on the wrong person (95% interval: 0.5% to 1.2%)" in told
    few = plain(said.persons(SHARE._replace(accounts=40), lang="en"))
    assert "Too few accounts (40)" in few
    assert "%" not in few
    none = governance.Share(None, None, None, 0, 0, 5, ())
    assert "check a sample of accounts by hand" in plain(said.persons(none, lang="en"))
    one = SHARE._replace(extra=1)
    assert "1 account too many tells" in plain(said.persons(one, lang="en"))
    assert "1 compte de trop indique qu" in plain(said.persons(one, lang="fr"))
    assert "identities.x" in plain(said.persons(None, lang="en", lacks=["identities.x"]))


def test_accounts_of_several_persons_are_said_and_clear_nobody():
    cards = SHARE._replace(share=0.0, low=0.0, high=0.009, extra=0, shared=400, least=400 / 1300)
    told = plain(said.persons(cards, lang="en"))
    assert "400 accounts (till, mobile app) are on several persons" in told
    assert "at least 30.8% of the matches are wrong" in told
    assert "0.0%" not in told
    assert "0.9%" not in told
    few = plain(said.persons(SHARE._replace(shared=1, least=1 / 6054), lang="en"))
    assert "1 account (till, mobile app) is on several persons" in few
    assert "about 0.8% hang on the wrong person" in few


def test_shared_accounts_of_other_systems_do_show():
    none = governance.Share(None, None, None, 0, 0, 700, (), elsewhere=("crm", "erp"),
                            shared_elsewhere=200, least_elsewhere=620 / 1460)  # fmt: skip
    told = plain(said.persons(none, lang="en"))
    assert "do not show" not in told
    assert "200 accounts of other systems (CRM, ERP) are on several persons." in told
    assert "at least 42.5% of the matches of CRM, ERP are wrong" in told
    assert "200 comptes d'autres systèmes (CRM, ERP)" in plain(said.persons(none, lang="fr"))
    beside = SHARE._replace(elsewhere=("crm",), shared_elsewhere=1, least_elsewhere=0.1)
    for share in (beside, beside._replace(accounts=40)):
        told = plain(said.persons(share, lang="en"))
        assert "1 account of another system (CRM) is on several persons." in told
    assert "other system" not in plain(said.persons(SHARE, lang="en"))


def test_what_matching_costs():
    told = plain(said.matching(ERRORS, lang=Reader.of("en")))
    assert "count 100 customers instead of 50" in told
    assert "$50 instead of $100" in told
    few = governance.errors_of_matching(
        ROWS.iloc[:6], missed=(1.0,), rng=np.random.default_rng(1), draws=2
    )
    assert "Too few customers" in plain(said.matching(few, lang="en"))
    single = ROWS.assign(customer_id=[f"c{n}" for n in range(100)])
    alone = governance.errors_of_matching(
        single, missed=(1.0,), rng=np.random.default_rng(1), draws=2
    )
    assert "Nobody bought through two channels" in plain(said.matching(alone, lang="en"))
    assert not plots.matching_moves(alone, lang="en").lines
    assert "cannot be tried" in plain(said.matching(None, lang="en"))
    assert "cannot be tried" in plain(said.matching(ERRORS.iloc[:0], lang="en"))


def test_sales_that_add_up_to_nothing_are_on_nobody():
    refunded = ROWS.assign(net_sales=0.0)
    found = governance.errors_of_matching(
        refunded, mixed=(0.5,), rng=np.random.default_rng(1), draws=2
    )
    assert plain(said.matching(found, lang="en")) == ""


def test_what_leaves():
    none = governance.deprecations(as_of="2026-01-01")
    assert "No KPI of the dictionary is leaving" in plain(said.leaving(none, lang="en"))
    rows = pd.DataFrame({"kpi": ["a", "b"], "days_left": [30, 0]})
    assert plain(said.leaving(rows, lang="en")).startswith("2 KPIs are leaving")
    assert "1 should no longer be shown" in plain(said.leaving(rows, lang="en"))
    assert "no longer" not in plain(said.leaving(rows.iloc[:1], lang="en"))


def test_fresh_systems_are_not_late():
    systems = governance.systems()
    assert "after the month" in plain(said.freshness(systems, lang="en"))
    fresh = systems.assign(latency_days=1.0)
    assert "by the next one" in plain(said.freshness(fresh, lang="en"))
