"""The schema that the page's types are generated from is that of the messages."""

from pathlib import Path

from api.web.schema import main, message_schema, page_schema, to_text

SCHEMA = Path(__file__).parents[2] / "dashboard" / "schema" / "page.json"


def test_the_committed_schema_is_that_of_the_messages():
    assert SCHEMA.read_text(encoding="utf-8") == to_text(page_schema()), "run `make schema` and commit what it changed"


def test_the_command_writes_the_schema_to_the_file_it_is_given(tmp_path):
    assert main([str(tmp_path / "page.json")]) == 0
    assert (tmp_path / "page.json").read_text(encoding="utf-8") == to_text(page_schema())


def test_the_command_writes_to_standard_output_without_a_file(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == to_text(page_schema())


def test_every_message_type_is_in_the_message_schema():
    assert len(message_schema()["oneOf"]) == 12
