"""The command line as the person at the keyboard meets it."""

import json

import pytest
from click.testing import CliRunner

from marketing_kpi.cli import main
from marketing_kpi.data.demo import SMALLEST_SCALE


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(main, [str(item) for item in arguments])


@pytest.fixture
def orders_csv(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,customer_id,ordered_at,amount\n1,A,2025-01-02,10.50\n2,B,2025-02-03,20\n"
    )
    return path


@pytest.mark.parametrize(
    "command", [[], ["report"], ["check"], ["demo"], ["dictionary"], ["lessons", "build"]]
)
def test_every_command_explains_itself(run, command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_check_writes_a_page_and_a_json(run, orders_csv, tmp_path):
    result = run("check", orders_csv, "--out", tmp_path / "out", "--lang", "en")
    assert result.exit_code == 0, result.output
    pages = list((tmp_path / "out").rglob("*.html"))
    assert len(pages) == 1
    assert str(pages[0]) in result.output
    (found,) = (tmp_path / "out").rglob("*.json")
    assert json.loads(found.read_text(encoding="utf-8"))["tables"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere/orders.csv"], "nowhere/orders.csv"),
        (["report", "nowhere.yml"], "nowhere.yml"),
        (["lessons", "build", "--check", "99"], "99"),
        (["demo", "--out", "x", "--tables", "order"], "order"),
    ],
)
def test_an_error_names_its_cause_without_a_traceback(
    run, arguments, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_scale_below_the_smallest_is_refused(run, tmp_path):
    result = run("demo", "--scale", "0.005", "--out", tmp_path / "made")
    assert result.exit_code == 2
    assert f"x>={SMALLEST_SCALE}" in result.stderr
    assert not (tmp_path / "made").exists()


def test_a_misspelt_column_is_pointed_at(run, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,orderd_at,amount\n1,A,2025-01-02,10\n")
    result = run("check", path)
    assert result.exit_code == 2
    assert "orderd_at" in result.stderr
    assert "ordered_at" in result.stderr


def test_lessons_and_languages_may_be_given_one_by_one(run, tmp_path, monkeypatch):
    import marketing_kpi.report

    asked = {}
    monkeypatch.setattr(marketing_kpi.report, "run", lambda configs, **how: asked.update(how) or 0)
    config = tmp_path / "a.yml"
    arguments = ["--notebooks", "00,02", "--notebooks", "01", "--lang", "fr", "--lang", "en"]
    assert run("report", config, *arguments).exit_code == 0
    assert asked["notebooks"] == ["00", "02", "01"]
    assert asked["lang"] == ("fr", "en")
    assert run("report", config).exit_code == 0
    assert asked["notebooks"] is None
    assert asked["lang"] is None


def test_the_dictionary_says_how_many_errors_it_has(run, monkeypatch):
    from marketing_kpi.kpis.dictionary import Dictionary

    monkeypatch.setattr(Dictionary, "check", lambda _self: ["a.yaml, line 3: wrong"])
    result = run("dictionary", "check")
    assert result.exit_code == 1
    assert "concepts checked: 1 error\n" in result.output


def test_the_dictionary_has_no_problem(run):
    result = run("dictionary", "check")
    assert result.exit_code == 0, result.output
    assert "44 concepts checked: 0 errors" in result.output
