"""Configurations: read as written, refused with the file, the line, the key and what to write."""

import json

import pytest

from marketing_kpi.errors import ConfigError
from marketing_kpi.report.config import (
    CommonParameters,
    languages,
    load,
    own_parameters,
    read_clients,
    selected,
)


def test_a_complete_file_is_read_as_written(client):
    config = client(
        locale="{fr: fr_FR, en: en_GB}",
        period="6 months",
        compare="previous_period",
        notebooks='["00", "02"]',
        parameters='{"02": {classes: 4, thresholds: {recency_days: [30, 90, 365]}}}',
    )
    assert config.id == "boreal"
    assert config.reader("fr").locale == "fr_FR"
    assert config.parameters_for("02", lang="en")["classes"] == 4
    assert config.parameters_for("02", lang="en")["thresholds"] == {"recency_days": [30, 90, 365]}
    assert json.loads(json.dumps(config.dump())) == config.dump()


def test_what_is_left_out_has_its_default(client):
    config = client()
    assert (config.period, config.compare, config.mapping) == ("12 months", "previous_year", None)
    assert config.reader("fr").locale == "fr_CA"
    assert config.parameters_for("02", lang="fr")["classes"] == 5


def test_paths_are_relative_to_the_file(client, tmp_path):
    config = client(data="./orders.csv", mapping="client.yml")
    assert config.source_for_notebooks == str((tmp_path / "orders.csv").resolve())
    assert config.mapping_for_notebooks == str((tmp_path / "client.yml").resolve())
    assert (config.data, config.data_name) == ("./orders.csv", "orders.csv")


@pytest.mark.parametrize("name", ["demo", "sample:cdnow", "duckdb://shop.duckdb"])
def test_names_and_addresses_are_passed_on(client, name):
    assert client(data=name).source_for_notebooks == name


@pytest.mark.parametrize(
    "written", ["NO", "007", "1:30", "on", "1e3", "0x1F", "=cmd()", "<b>&</b>"]
)
def test_a_client_keeps_its_name(client, written):
    assert client(client=written).client == written


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"client": None}, "client: missing; write client: Boréal"),
        ({"client": '" "'}, "client: empty"),
        ({"client": "[a]"}, "client: must be a text"),
        ({"client": '"a\\nb"'}, "control character"),
        ({"client": '"a\\u202eb"'}, "control character"),
        ({"client": "é" * 10_000}, "10,000 characters, must be at most 120"),
        ({"client": "株式会社"}, "gives no usable folder name; write id: boreal"),
        ({"clent": "x"}, "key 'clent' not found; did you mean 'client'?"),
        ({"lang": "de"}, "input should be 'fr' or 'en'"),
        ({"lang": "[fr, fr]"}, "lang: given twice: fr"),
        ({"lang": "[]"}, "lang: empty"),
        ({"currency": "CAF"}, "'CAF' is not an ISO 4217 code; write currency: CAD"),
        ({"currency": "cad"}, "'cad' is not an ISO 4217 code; did you mean 'CAD'?"),
        ({"currency": "null"}, "currency: must be a text"),
        ({"as_of": "1:30"}, "'1:30' is not a date written year-month-day"),
        ({"as_of": "2026-02-30"}, "is not a day of the calendar"),
        ({"as_of": "20260101"}, "is not a date written year-month-day"),
        ({"period": "12 moons"}, "period: '12 moons' is not a length of time"),
        ({"period": "9999 years"}, "period: "),
        ({"compare": "last"}, "compare: 'last'"),
        ({"locale": "{fr: en_US}"}, "'en_US' is not of language 'fr'"),
        ({"locale": "{fr: xx_YY}"}, "'xx_YY' is not known"),
        ({"locale": "{de: de_DE}"}, "locale.de: 'de'"),
        ({"id": "../../etc"}, "id: '../../etc' is not made of"),
        ({"id": "Boreal"}, "id: 'Boreal' is not made of"),
        ({"id": "con"}, "gives no usable folder name"),
        ({"data": "nowhere.csv"}, "data: no file or folder 'nowhere.csv'"),
        ({"mapping": "nowhere.yml"}, "mapping: no file or folder"),
        ({"data": "sample:cdnov"}, "sample 'cdnov' not found; did you mean 'cdnow'?"),
        ({"data": "postgres://me:hunter2@host/db"}, "the address holds a password"),
        ({"data": "postgres://host/db?sslpassword=hunter2"}, "the address holds a password"),
        ({"data": "postgres://me:${UNSET_HERE}@host/db"}, "has no variable UNSET_HERE"),
        ({"notebooks": '["0"]'}, "'0' is not the two digits of a lesson"),
        ({"notebooks": '["00", "00"]'}, "notebooks: given twice: 00"),
        ({"notebooks": "[]"}, "notebooks: empty"),
        ({"parameters": "[a]"}, "parameters: must be names and their values"),
        (
            {"notebooks": '["07"]', "parameters": '{"07": {x: 1}}'},
            "lesson 07 has no parameter",
        ),
        ({"parameters": '{"00": {kpis: [net_sale]}}'}, "net_sale"),
        ({"parameters": '{"00": {kpis: [rfm_score]}}'}, "rfm_score is an analysis"),
        ({"parameters": '{"00": {kpis: [orders, orders]}}'}, "orders is there twice"),
        ({"parameters": '{"00": {lang: fr}}'}, "is set by the keys at the top of the file"),
        ({"parameters": '{"02": {classes: 5}}'}, "lesson 02 is not in notebooks"),
    ],
)
def test_a_wrong_key_is_named_and_corrected(client, keys, said):
    with pytest.raises(ConfigError) as caught:
        client(**keys)
    message = str(caught.value)
    assert said in message
    assert message.startswith("client.yml")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{clases: 5}", "did you mean 'classes'?"),
        ("{classes: 1}", "02.classes: '1': input should be greater than or equal to 2"),
        ("{classes: 10}", "02.classes: '10': input should be less than or equal to 9"),
        ("{thresholds: {frequency: [1, 2, 3]}}", "02: thresholds.frequency has 3 bounds"),
        ("{classes: 3, thresholds: {frequency: [2, 2]}}", "02: thresholds.frequency must rise"),
        ("{classes: 1:30}", "02.classes: '1:30'"),
        ("{thresholds: {recency_days: [.nan]}}", "02.thresholds.recency_days.0"),
        ("{thresholds: {recency: [1]}}", "02.thresholds.recency"),
        ("{\"__import__('os').system(1)\": 1}", "parameter"),
        ('{"classes = 5; import os": 1}', "parameter"),
    ],
)
def test_a_parameter_is_a_name_of_its_lesson_with_a_value_that_fits(client, given, said):
    with pytest.raises(ConfigError) as caught:
        client(notebooks='["02"]', parameters=f'{{"02": {given}}}')
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{settings: {customer: {}}}", "06: settings: key 'customer' not found; did you mean"),
        (
            "{settings: {customers: {active_day: 9}}}",
            "06: settings: customers: key 'active_day' not found; did you mean 'active_days'?",
        ),
        ("{settings: {classes: 1}}", "06: settings: classes: '1': input should be greater than"),
        ("{filter: {region: QC}}", "did you mean 'filters'?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_its_own_lesson_takes(client, given, said):
    with pytest.raises(ConfigError) as caught:
        client(notebooks='["06"]', parameters=f'{{"06": {given}}}')
    assert said in str(caught.value)
    assert 'write parameters: {"06": {settings: {customers: ' in str(caught.value)


def test_the_page_of_the_voice_takes_its_groups_and_what_a_member_stands_for():
    from marketing_kpi.report.config import VoiceParameters

    given = VoiceParameters(lang="fr", by="acquisition_channel", represents=40)
    assert (given.by, given.represents) == ("acquisition_channel", 40)
    assert {"by", "represents"} <= {*own_parameters("16")}
    for wrong in ({"represents": 0}, {"by": ""}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            VoiceParameters(lang="fr", **wrong)


def test_no_agreement_on_deliveries_is_made_up(client):
    config = client(notebooks='["13"]')
    assert config.parameters_for("13", lang="fr")["sla_target"] is None
    agreed = client(notebooks='["13"]', parameters='{"13": {sla_target: 0.9}}')
    assert agreed.parameters_for("13", lang="fr")["sla_target"] == 0.9


def test_limits_and_amounts_of_a_page_are_in_one_currency(client):
    euros = '{"06": {settings: {currency: EUR}}}'
    with pytest.raises(ConfigError) as caught:
        client(notebooks='["06"]', parameters=euros, currency="CAD")
    assert "06.settings.currency is EUR, must be CAD, as currency: is" in str(caught.value)
    assert str(caught.value).endswith(
        'nothing is converted; write parameters: {"06": {settings: {currency: CAD}}}'
    )
    same = client(notebooks='["06"]', parameters=euros, currency="EUR")
    assert same.parameters_for("06", lang="fr")["settings"] == {"currency": "EUR"}


def test_filters_may_hold_nulls_and_texts_of_any_type(client):
    given = "{filters: {region: [QC, null], newsletter: true, age: [30, 40], channel: null}}"
    config = client(notebooks='["06"]', parameters=f'{{"06": {given}}}')
    assert config.parameters_for("06", lang="fr")["filters"] == {
        "region": ["QC", None],
        "newsletter": "true",
        "age": ["30", "40"],
        "channel": None,
    }


def test_every_wrong_key_is_told_at_once(client):
    with pytest.raises(ConfigError) as caught:
        client(currency="CAF", as_of="soon", lang="de")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "lang.0",
        "currency",
        "as_of",
    ]


def test_a_line_number_is_that_of_the_key(client):
    with pytest.raises(ConfigError, match=r"client\.yml, line 3: currency"):
        client(currency="CAF")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"period": "12 moons"}, "line 7: period"),
        ({"locale": "{fr: en_US}"}, "line 7: locale"),
        ({"parameters": '{"02": {classes: 5}}'}, "line 7: parameters"),
        ({"id": "con"}, "line 7: id"),
    ],
)
def test_a_problem_of_several_keys_has_the_line_of_the_one_to_change(client, keys, line):
    with pytest.raises(ConfigError, match=rf"client\.yml, {line}"):
        client(**keys)


def test_a_problem_of_a_key_that_is_not_written_has_no_line(client):
    with pytest.raises(ConfigError, match=r"^client\.yml: id: client"):
        client(client="株式会社")


def test_a_locale_of_another_language_may_stay(client):
    config = client(lang="[fr]", locale="{fr: fr_FR, en: en_GB}")
    assert config.reader("fr").locale == "fr_FR"


def test_two_clients_of_one_id_are_refused(client, tmp_path):
    client()
    other = tmp_path / "other.yml"
    other.write_text((tmp_path / "client.yml").read_text("utf-8"), "utf-8")
    with pytest.raises(ConfigError, match=r"client\.yml and other\.yml have the same id 'boreal'"):
        load([tmp_path / "client.yml", other])


SEVERAL = """\
currency: CAD
as_of: "2026-01-01"
lang: [fr, en]
data: orders.csv
notebooks: ["00"]
clients:
- client: Nord
- client: Sud
  lang: fr
  notebooks: ["00", "02"]
  parameters: {"02": {classes: 4}}
- client: Est
  data: absent.csv
- client: Ouest
  curency: EUR
- {}
"""


def several(folder, text=SEVERAL):
    (folder / "orders.csv").write_text("order_id,ordered_at\n1,2025-03-01\n", encoding="utf-8")
    path = folder / "clients.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_several_clients_gives_each_its_own_keys_and_the_shared_ones(tmp_path):
    configs, errors = read_clients([several(tmp_path)])
    assert [(each.id, each.lang, each.notebooks) for each in configs] == [
        ("nord", ("fr", "en"), ("00",)),
        ("sud", ("fr",), ("00", "02")),
    ]
    assert configs[1].parameters == {"02": {"classes": 4}}
    assert configs[0].source_for_notebooks == str(tmp_path / "orders.csv")
    assert [error.message.split("(known")[0].strip() for error in errors] == [
        "clients.yml, line 13: data: no file or folder 'absent.csv'",
        "clients.yml, line 15: key 'curency' not found; did you mean 'currency'?",
        "clients.yml, line 16: client: missing; write client: Boréal",
    ]


def test_a_shared_key_that_is_wrong_is_told_once_with_its_own_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load([several(tmp_path, SEVERAL.replace("CAD", "CAF"))])
    lines = str(caught.value).splitlines()
    assert (
        lines.count(
            "clients.yml, line 1: currency: 'CAF' is not an ISO 4217 code; write currency: CAD"
        )
        == 1
    )


def test_two_clients_of_one_file_with_one_id_are_told_with_their_lines(tmp_path):
    text = SEVERAL.split("- client: Est")[0].replace("Sud", "nord")
    with pytest.raises(
        ConfigError, match=r"\.yml, line 7 and clients\.yml, line 8 have the same id"
    ):
        load([several(tmp_path, text)])


@pytest.mark.parametrize("clients", ["[]", "{client: Nord}", "[Nord, Sud]", "null"])
def test_clients_are_a_list_of_keys_and_values(tmp_path, clients):
    text = SEVERAL.split("clients:")[0] + f"clients: {clients}\n"
    with pytest.raises(ConfigError, match=r"line 6: clients: expected a list of clients"):
        load([several(tmp_path, text)])


def test_a_secret_comes_from_the_environment_and_is_never_dumped(client, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    config = client(data="postgres://me:${SHOP_PASSWORD}@host/shop")
    assert config.secrets == ("hunter2",)
    assert "hunter2" not in json.dumps(config.dump())
    assert "hunter2" not in json.dumps(config.parameters_for("00", lang="fr"))


@pytest.mark.parametrize("number", ["00", "01", "02"])
def test_parameter_names_are_identifiers(number):
    assert all(name.isidentifier() for name in own_parameters(number))
    assert not set(own_parameters(number)) & set(CommonParameters.model_fields)


def test_lessons_and_languages_may_be_chosen_among_the_clients(client):
    config = client(notebooks='["00", "02"]')
    assert selected(config, None) == ("00", "02")
    assert selected(config, ["02"]) == ("02",)
    assert languages(config, "en") == ("en",)
    assert languages(config, ["en", "fr", "en"]) == ("en", "fr")
    with pytest.raises(ConfigError, match="lesson '07' not found in boreal"):
        selected(config, ["07"])
    with pytest.raises(ConfigError, match="no lesson asked for boreal"):
        selected(config, [])
    with pytest.raises(ConfigError, match="language 'de' not found"):
        languages(config, "de")


def test_a_file_that_is_not_there_or_not_utf8(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load([tmp_path / "absent.yml"])
    (tmp_path / "latin.yml").write_bytes("client: Boréal".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yml: not UTF-8"):
        load([tmp_path / "latin.yml"])
