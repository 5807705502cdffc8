"""The dictionary as JSON: its schema holds it, and it reads back as it was."""

import json

import jsonschema
import pytest
from pydantic import ValidationError

from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.export import records


@pytest.fixture(scope="module")
def document():
    return json.loads(records.to_json(records.document(dictionary())))


@pytest.fixture(scope="module")
def validator():
    schema = records.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_holds_the_dictionary(document, validator):
    validator.validate(document)
    assert [kpi["id"] for kpi in document["kpis"]] == [kpi.id for kpi in dictionary().kpis]
    assert len(document["concepts"]) == len(dictionary().concepts)
    assert document["$schema"] == records.SCHEMA_NAME


@pytest.mark.parametrize(
    ("field", "value"),
    [("unit", "percent"), ("version", "1.0"), ("color", "blue"), ("sources", [])],
)
def test_the_schema_refuses_what_the_entries_refuse(document, validator, field, value):
    first = {**document["kpis"][0], field: value}
    assert not validator.is_valid({**document, "kpis": [first]})


def test_a_lacking_field_is_refused(document, validator):
    first = {key: value for key, value in document["kpis"][0].items() if key != "owner"}
    assert not validator.is_valid({**document, "kpis": [first]})


def test_it_reads_back_as_it_was(document):
    back = records.read(json.dumps(document))
    assert back.kpis == dictionary().kpis
    assert back.concepts == dictionary().concepts


def test_a_document_of_another_format_is_refused(document):
    with pytest.raises(ValidationError):
        records.read(json.dumps({**document, "format": "2.0"}))


def test_words_stay_readable(document):
    assert "Panier moyen" in records.to_json(document)
    assert records.to_json(document) == records.to_json(records.document(dictionary()))
