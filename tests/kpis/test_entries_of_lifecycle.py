"""What entries of the lifecycle say in words and numbers is what the default settings do."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from marketing_kpi import lifecycle, open_data
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.stages.settings import DEFAULTS, RATES, STAGES

TODAY = pd.Timestamp("2026-01-01")
LANGUAGES = ("fr", "en")
AGO = {"fr": r"il y a (\d+) jours, ", "en": r"(\d+) days ago, "}


def plain(text: str) -> str:
    """Return a text in lower case, its numbers as Python writes them."""
    text = re.sub(r"(?<=\d)[\u202f,](?=\d{3})", "", text)
    return re.sub(r"(?<=\d),(?=\d)", ".", text).replace("\u00a0", " ").replace("$", "").lower()


def words_of(ids, lang: str) -> list[str]:
    return [DEFAULTS.term(id, lang).lower() for id in ids]


def ago(days: int) -> pd.Timestamp:
    return TODAY - pd.Timedelta(days=days)


def told(part: str, lang: str) -> list[tuple[int, str]]:
    """Return the days and the stage of each case of an example."""
    stages = "|".join(words_of(STAGES, lang))
    return [(int(days), stage) for days, stage in re.findall(f"{AGO[lang]}({stages})", part)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_stage_is_named_as_the_settings_name_it(lang):
    definition = plain(dictionary()["lifecycle_stage"].definition[lang])
    assert [word for word in words_of(STAGES, lang) if word not in definition] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_customers_of_the_example_of_stages_are_in_the_stage_it_says(lang):
    of_customers, _ = plain(dictionary()["lifecycle_stage"].example[lang]).split("leads, ")
    limits = DEFAULTS.customers
    assert f"{limits.active_days} " in of_customers
    assert f"{limits.defecting_days} " in of_customers
    cases = told(of_customers, lang)
    assert len(cases) == 4
    orders = pd.DataFrame(
        [
            (f"c{case}", ago(days + extra))
            for case, (days, _) in enumerate(cases)
            for extra in range(3 if case else 1)
        ],
        columns=["customer_id", "ordered_at"],
    )
    orders = orders.assign(order_id=orders.index.astype(str), amount=10.0)
    placed = lifecycle.contacts(open_data({"orders": orders}), as_of=TODAY.date())
    assert words_of(placed.sort_values("customer_id").stage, lang) == [stage for _, stage in cases]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_leads_of_the_example_of_stages_are_in_the_stage_it_says(lang):
    _, of_leads = plain(dictionary()["lifecycle_stage"].example[lang]).split("leads, ")
    limits = DEFAULTS.leads
    assert limits.new_days == limits.active_days
    assert f"{limits.active_days} " in of_leads
    assert f"{limits.cold_days} " in of_leads
    cases = told(of_leads, lang)
    assert len(cases) == 3
    [answered] = re.findall(AGO[lang].removesuffix(", ") + r"\.$", of_leads)
    registered = [days for days, _ in cases]
    contacts = pd.DataFrame({"registered_at": [*map(ago, [*registered, registered[-1]])]})
    contacts["customer_id"] = [f"l{place}" for place in contacts.index]
    responses = pd.DataFrame({"customer_id": ["l3"], "at": [ago(int(answered))], "kind": ["click"]})
    someone = {"customer_id": ["z"], "ordered_at": [ago(1)], "order_id": ["1"], "amount": [10.0]}
    tables = {"orders": pd.DataFrame(someone), "contacts": contacts, "responses": responses}
    placed = lifecycle.contacts(open_data(tables), as_of=TODAY.date()).set_index("customer_id")
    found = words_of(placed.stage[contacts.customer_id], lang)
    assert found == [*(stage for _, stage in cases), DEFAULTS.term("lead_active", lang).lower()]
    assert found[-1] in of_leads


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tiers_of_buyer_status_are_those_of_the_settings(lang):
    definition = plain(dictionary()["buyer_status"].definition[lang])
    limits = [tier.up_to for tier in DEFAULTS.status.tiers if tier.up_to is not None]
    upper = r"jusqu'à (\d+)" if lang == "fr" else r"up to (\d+)"
    assert [*map(int, re.findall(upper, definition))] == limits
    assert f"{DEFAULTS.status.window_days} " in definition
    places = [definition.index(word) for word in words_of(DEFAULTS.tiers, lang)]
    assert places == sorted(places)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_spending_of_the_example_of_status_has_the_tier_it_says(lang):
    first = plain(dictionary()["buyer_status"].example[lang]).split(". ")[0]
    tiers = "|".join(words_of(DEFAULTS.tiers, lang))
    cases = re.findall(rf"(\d+(?:\.\d+)?) [^\d]*?({tiers})", first)
    assert len(cases) == 3
    orders = pd.DataFrame({"amount": [float(spent) for spent, _ in cases]})
    orders["customer_id"] = orders["order_id"] = [f"c{place}" for place in orders.index]
    placed = lifecycle.contacts(
        open_data({"orders": orders.assign(ordered_at=ago(5))}), as_of=TODAY.date()
    )
    assert words_of(placed.sort_values("customer_id").status, lang) == [word for _, word in cases]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_points_of_the_example_of_erfm_are_those_of_the_settings(lang):
    rules = DEFAULTS.engagement
    example = plain(dictionary()["erfm"].example[lang])
    click, visit, half_life = rules.weights["click"], rules.weights["visit"], rules.half_life_days
    said = re.findall(r"\d+(?:\.\d+)?", example)
    assert [*map(int, said[:3])] == [click, visit, half_life]
    days = [int(said[3]), int(said[4])]
    acts = pd.DataFrame({"customer_id": ["a", "a"], "kind": ["click", "visit"]})
    terms = {"half_life_days": half_life, "window_days": rules.window_days}
    scored = lifecycle.engagement(
        acts.assign(at=[*map(ago, days)]), as_of=TODAY.date(), weights=rules.weights, **terms
    )
    assert float(said[-1]) == pytest.approx(scored.points[0])


@pytest.mark.parametrize("rate", RATES)
def test_the_window_of_a_rate_is_that_of_the_settings(rate):
    windows = {
        "lead_conversion_rate": DEFAULTS.rates.lead_days,
        "repurchase_rate": DEFAULTS.rates.repurchase_days,
        "loyalty_rate": DEFAULTS.rates.loyalty_days,
        "defecting_winback_rate": DEFAULTS.rates.defecting_days,
        "inactive_winback_rate": DEFAULTS.rates.inactive_days,
    }
    entry = dictionary()[rate]
    assert entry.window == f"{windows[rate]} days"
    assert [lang for lang in LANGUAGES if f"{windows[rate]} " not in entry.definition[lang]] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_repurchase_names_the_stages_as_the_settings_do(lang):
    definition = plain(dictionary()["repurchase_rate"].definition[lang])
    assert [
        word for word in words_of(["first_time", "active"], lang) if word not in definition
    ] == []
