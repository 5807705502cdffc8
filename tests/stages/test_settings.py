"""Settings of the lifecycle: defaults, what is refused and how it is said, words and limits."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from marketing_kpi.errors import ConfigError
from marketing_kpi.stages.settings import RATES, STAGES, TIERS, WEIGHTS, WORDS, Settings
from marketing_kpi.text.locale import reader


def written(tmp_path, text):
    path = tmp_path / "lifecycle.yml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        Settings.load(written(tmp_path, text))
    return str(caught.value)


def test_the_defaults_are_those_of_the_course():
    settings = Settings()
    assert settings.leads.model_dump() == {"new_days": 90, "active_days": 90, "cold_days": 180}
    assert settings.customers.model_dump() == {"active_days": 90, "defecting_days": 365}
    assert settings.status.window_days == 730
    assert [(tier.id, tier.up_to) for tier in settings.status.tiers] == [
        ("low", 50),
        ("normal", 200),
        ("silver", 500),
        ("gold", 1000),
        ("platinum", None),
    ]
    assert settings.rates.model_dump() == {
        "lead_days": 180,
        "repurchase_days": 90,
        "loyalty_days": 90,
        "defecting_days": 90,
        "inactive_days": 275,
        "history_days": 730,
        "recent_days": 30,
    }
    assert settings.classes == 5


def test_a_file_says_only_what_differs(tmp_path):
    settings = Settings.load(
        written(
            tmp_path,
            """
            currency: EUR
            customers: {defecting_days: 540}
            status:
              tiers:
                - {id: low, up_to: 99.50}
                - {id: vip, up_to: null}
            engagement: {weights: {click: 10}}
            count_fully_refunded: false
            unidentified: out
            words:
              en: {low: Small spender, active: Regular}
              fr: {vip: Grand client}
            """,
        )
    )
    assert settings.customers.defecting_days == 540
    assert settings.customers.active_days == 90
    assert settings.status.tiers[0].up_to == Decimal("99.50")
    assert settings.tiers == ("low", "vip")
    assert settings.engagement.weights == {**WEIGHTS, "click": 10}
    assert settings.count_fully_refunded is False
    assert settings.unidentified == "out"
    assert settings.term("low", "en") == "Small spender"
    assert settings.term("low", "fr") == "Petit acheteur"
    assert settings.term("active", "en") == "Regular"
    assert settings.term("vip", "fr") == "Grand client"
    assert settings.term("vip", "en") == "vip"  # no word: shown as it is


def test_an_empty_mapping_is_the_defaults(tmp_path):
    assert Settings.load(written(tmp_path, "{}")) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lead: {}", "line 1: key 'lead' not found; did you mean 'leads'?"),
        (
            "leads:\n  new_day: 3",
            "line 2: leads: key 'new_day' not found; did you mean 'new_days'?",
        ),
        (
            "status:\n  tiers:\n    - {id: low, up_to: null, limit: 3}",
            "line 3: status.tiers.0: key 'limit' not found (known: id, up_to)",
        ),
        ("leads: {new_days: soon}", "line 1: leads.new_days: 'soon': input should be a valid int"),
        ("leads: {new_days: 0}", "leads.new_days: '0': input should be greater than or equal to 1"),
        ("customers: {active_days: 1.5}", "customers.active_days: '1.5': input should be a valid"),
        ("leads: {cold_days: 90}", "leads: cold_days is 90, must be above new_days and active_day"),
        ("leads: {new_days: 180}", "cold_days is 180, must be above new_days and active_days (180"),
        ("leads: {active_days: 200}", "cold_days is 180, must be above new_days and active_days"),
        (
            "customers: {defecting_days: 90}",
            "customers: defecting_days is 90, must be above active_days (90)",
        ),
        ("classes: 1", "classes: '1': input should be greater than or equal to 2"),
        ("classes: 10", "classes: '10': input should be less than or equal to 9"),
        ("unidentified: maybe", "unidentified: 'maybe': input should be 'in' or 'out'"),
        ("count_fully_refunded: perhaps", "count_fully_refunded: 'perhaps': input should be a val"),
        ("currency: cad", "currency: 'cad' is not an ISO 4217 code; did you mean 'CAD'?"),
        ("currency: XYZ", "currency: 'XYZ' is not an ISO 4217 code"),
        ("engagement: {weights: {clik: 2}}", "line 1: engagement.weights.clik"),
        ("engagement: {weights: {click: -2}}", "engagement.weights.click: '-2': input should be"),
        ("engagement: {weights: {click: nan}}", "engagement.weights.click: 'nan'"),
        ("engagement: {half_life_days: 0}", "engagement.half_life_days: '0'"),
        ("rates: {lead_days: 40000}", "rates.lead_days: '40000': input should be less than or"),
        ("words: {es: {low: x}}", "words: language 'es' not found (known: en, fr)"),
        ("words: {en: {lo: x}}", "words.en: id 'lo' not found; did you mean 'low'?"),
        ("words: {en: {low: ' '}}", "words.en.low: empty"),
        ("on: 3", "key 'on' not found"),
        ("nothing", "expected keys and values"),
    ],
)
def test_a_refusal_names_the_key(tmp_path, text, message):
    assert message in refusal(tmp_path, text)
    assert "lifecycle.yml" in refusal(tmp_path, text)


def tiers(*pairs):
    return {"status": {"tiers": [{"id": id, "up_to": up_to} for id, up_to in pairs]}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (tiers(("low", 50)), "the last tier, 'low', must have no limit"),
        (tiers(("low", None), ("high", None)), "only the last tier may have no limit"),
        (tiers(("a", 50), ("b", 50), ("c", None)), "limits must rise .* found 50, 50"),
        (tiers(("a", 50), ("b", 20), ("c", None)), "limits must rise .* found 50, 20"),
        (tiers(("a", 50), ("a", None)), "given twice: a"),
        (tiers(("a b", 50), ("c", None)), "'a b' must be lower-case letters, digits"),
        (tiers(("active", 50), ("c", None)), "'active' is the id of something else"),
        (tiers(("a", 0), ("c", None)), "greater than 0"),
        (tiers(("a", "1.00001"), ("c", None)), "no more than 4 decimal places"),
        ({"status": {"tiers": []}}, "at least 1 item"),
    ],
)
def test_tiers_that_do_not_part_the_customers_are_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        Settings(**given)


def test_several_problems_are_told_at_once(tmp_path):
    told = refusal(tmp_path, "leads: {new_days: 0}\nclasses: 1\ncolour: red").splitlines()
    assert len(told) == 3


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        Settings.load(tmp_path / "none.yml")


def test_settings_are_frozen():
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.classes = 3
    with pytest.raises(ValidationError, match="frozen"):
        settings.leads.new_days = 3


def test_two_settings_share_no_weights():
    one, other = Settings(), Settings()
    one.engagement.weights["click"] = 0
    assert other.engagement.weights["click"] == WEIGHTS["click"] == 3


def test_json_gives_the_settings_back():
    settings = Settings(**tiers(("low", "19.99"), ("high", None)), words={"fr": {"low": "Petit"}})
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_stage_tier_and_other_id_has_a_word(lang):
    settings = Settings()
    ids = [*STAGES, *settings.tiers, *WORDS]
    words = {id: settings.term(id, lang) for id in ids}
    assert all(word and word != id for id, word in words.items())
    assert len(set(words.values())) == len(words)


def test_a_reader_gives_its_language():
    assert Settings().term("gold", reader("fr", locale="fr_FR", currency="EUR")) == "Or"


@pytest.mark.parametrize("id", RATES)
def test_a_rate_is_named_by_the_dictionary_unless_settings_do(id):
    assert Settings(words={"fr": {id: "Mon taux"}}).term(id, "fr") == "Mon taux"
    assert Settings().term(id, "fr") != Settings().term(id, "en") != id


def test_a_stage_can_be_renamed_in_each_language():
    settings = Settings(words={"en": {"lead_new": "Fresh lead"}, "fr": {"lead_new": "Prospect"}})
    assert settings.term("lead_new", "en") == "Fresh lead"
    assert settings.term("lead_new", "fr") == "Prospect"


def test_settings_given_as_a_mapping_are_refused_by_their_key():
    assert Settings.of(None) == Settings.of({}) == Settings()
    assert Settings.of({"customers": {"defecting_days": 540}}).customers.defecting_days == 540
    with pytest.raises(ConfigError) as caught:
        Settings.of({"customer": {}, "classes": 1})
    assert "key 'customer' not found; did you mean 'customers'" in str(caught.value)
    assert "classes: 1: input should be" in str(caught.value)


def test_the_range_of_a_tier_is_told_in_the_readers_currency_or_that_of_the_settings():
    canadian = reader("fr", currency="CAD")
    assert Settings().tier_range("silver", canadian) == "plus de 200\u00a0$, jusqu'à 500\u00a0$"
    euros = Settings(currency="EUR")
    assert euros.tier_range("low", reader("en", currency="CAD")) == "up to €50"
    assert Settings(**tiers(("all", None))).tier_range("all", "en") == "any amount"
    cents = Settings(**tiers(("low", "9.90"), ("high", None)))
    assert cents.tier_range("high", "en") == "over $9.90"
    with pytest.raises(ConfigError, match="tier 'golden' not found; did you mean 'gold'"):
        Settings().tier_range("golden", "en")


def test_the_default_tiers_are_not_those_of_a_client():
    assert Settings(**tiers(("all", None))).status.tiers != TIERS
    assert Settings().status.tiers == TIERS
