"""What the two READMEs show works, and they show the same."""

import re
from pathlib import Path

import pytest

import marketing_kpi as mk
from marketing_kpi.data.mapping import read_mapping
from marketing_kpi.report.config import load

ROOT = Path(__file__).parents[1]
README = {
    lang: (ROOT / name).read_text(encoding="utf-8")
    for lang, name in {"en": "README.md", "fr": "README.fr.md"}.items()
}


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def without_comments(block):
    return re.sub(r" *#.*", "", block)


@pytest.mark.parametrize("language", ["console", "yaml", "python"])
def test_both_readmes_give_the_same_commands(language):
    english, french = blocks(README["en"], language), blocks(README["fr"], language)
    assert english
    translated = [block.replace("Mon client", "My client") for block in french]
    translated = [block.replace('definition["fr"]', 'definition["en"]') for block in translated]
    assert list(map(without_comments, english)) == list(map(without_comments, translated))


def test_the_python_of_the_readme_runs():
    (block,) = blocks(README["en"], "python")
    names = {}
    exec(block, names)
    assert set(names["summary"].columns) >= {"customer_id", "recency_days", "monetary"}
    assert names["mk"] is mk


@pytest.mark.parametrize("lang", README)
def test_the_yaml_of_the_readme_finds_the_files_that_its_commands_name(lang, tmp_path):
    config, mapping = blocks(README[lang], "yaml")
    commands = " ".join(blocks(README[lang], "console"))
    checked = re.search(r"marketing-kpi check (\S+) --mapping (\S+)", commands)
    reported = re.search(r"marketing-kpi report (\S+client\.yml)", commands)
    data, rules, client = (tmp_path / name for name in (*checked.groups(), reported[1]))
    for path, text in ((data, "order_id\n"), (rules, mapping), (client, config)):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (loaded,) = load([client])
    assert loaded.client
    assert read_mapping(rules).kind == "lines"


def test_links_of_the_readmes_lead_somewhere():
    for text in README.values():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http"):
                assert (ROOT / target).exists(), target


def test_the_french_readme_keeps_its_punctuation_on_the_line():
    prose = re.sub(r"^```.*?^```|`[^`\n]+`", "", README["fr"], flags=re.M | re.S)
    assert "\u00a0:" in prose
    assert not re.search(r" [:;!?»]|« ", prose)
