import pytest

from marketing_kpi.errors import ConfigError, MappingError
from marketing_kpi.text.yaml12 import MAX_CHARACTERS, YamlError, load, parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[null, Null, ~, ]", [None, None, None]),
        ("[true, False, TRUE]", [True, False, True]),
        ("[0, -12, +3, 007, 1.5, -.5, 1e3, 2.]", [0, -12, 3, 7, 1.5, -0.5, 1000.0, 2.0]),
        # what YAML 1.1 would turn into a date, a time, an octal or a thousand
        ("[2026-12-01, 1:30, 1_000, '12', 0x1G]", ["2026-12-01", "1:30", "1_000", "12", "0x1G"]),
        ("['yes', \"no\", only, none]", ["yes", "no", "only", "none"]),
        ("a: >-\n  on one\n  line\n", {"a": "on one line"}),
        ("a: |-\n  null\n", {"a": "null"}),
        ("", None),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    assert parse(text).value == value


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "N", "Yes", "OFF"])
@pytest.mark.parametrize("text", ["key: {}", "{}: value", "[{}]"])
def test_a_plain_yes_or_no_is_refused_as_key_and_as_value(word, text):
    with pytest.raises(YamlError, match="quote it") as error:
        parse("first: 1\nthen:\n - " + text.format(word))
    assert (error.value.code, error.value.line) == ("plain_yes_no", 3)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "repeated_key", 3),
        ("a: 1\n? [b, c]\n: 2\n", "bad_key", 2),
        ("a: !!python/object:os.system x\n", "tag", 1),
        ("a: !local x\n", "tag", 1),
        ("a: 1\nb: &anchor [1]\nc: *anchor\n", "anchor", 2),
        ("%YAML 1.1\n---\na: 1\n", "directive", 1),
        ("a:\n  " + "[" * 13 + "]" * 13, "too_deep", 2),
        ("a: [1, 2\nb: 3\n", "not_yaml", 2),
        ("a: 1\n--- \nb: 2\n", "not_yaml", 2),
        ("a: \x00", "not_yaml", 1),
        ("a: *nothing", "anchor", 1),
    ],
)
def test_what_is_refused_has_a_name_and_a_line(text, code, line):
    with pytest.raises(YamlError) as error:
        parse(text)
    assert (error.value.code, error.value.line) == (code, line)


def test_scalars_can_be_left_as_they_are_written():
    document = parse("a: [NO, 007, 1:30, 2026-01-01, 1.50, 'null', null, ~]\non: yes", as_text=True)
    written = ["NO", "007", "1:30", "2026-01-01", "1.50", "null", None, None]
    assert document.value == {"a": written, "on": "yes"}


def test_every_value_has_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf- id: x\n  name:\n    fr: >-\n      un\n    en: one\n- id: z\n")
    document = read(path)
    assert document.value == [{"id": "x", "name": {"fr": "un", "en": "one"}}, {"id": "z"}]
    lines = {
        (0, "name", "fr"): 3,
        (0, "name", "en"): 5,
        (1, "id"): 6,
        (0, "name", "de"): 2,
        (7,): 1,
    }
    assert {path: document.line(path) for path in lines} == lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "line 1: an anchor"),
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' is given twice"),
        ("a: [", "line 2: "),
        ("- a", "expected keys and values"),
        ("", "expected keys and values"),
        ("a: " + "[" * 5000, "nested deeper"),
        ("a: " + "x" * MAX_CHARACTERS, "longer than"),
        ("client: Bor\u00e9al".encode("latin-1"), "not UTF-8"),
    ],
)
@pytest.mark.parametrize("kind", [ConfigError, MappingError])
def test_a_file_that_cannot_be_read_is_an_error_of_its_kind(text, said, kind, tmp_path):
    path = tmp_path / "a.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(kind) as error:
        load(path, error=kind)
    assert str(error.value).startswith("a.yml")
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yml: no such file"):
        load(tmp_path / "none.yml", error=ConfigError)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: 1\na: 2", "keep one of the two"),
        ("a: &b 1", "write the value itself"),
        ("a: b: c", "indent with spaces"),
    ],
)
def test_the_hint_is_of_what_is_wrong(text, hint, tmp_path):
    path = tmp_path / "a.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(path, error=ConfigError)
    assert error.value.hint.startswith(hint)
