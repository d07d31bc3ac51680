"""The documents are true: generated parts are what the code says, links lead somewhere, every setting is described."""

import importlib.util
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.support.doc_names import folders_of_tree, mentioned_places, missing_names
from vision.messages import MESSAGE, Message

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
DESCRIBING = [*(page for page in PAGES if page.name != "CHANGELOG.md"), *ROOT.glob("*/README.md"), ROOT / "weights" / "card.md"]
TYPES = [model.model_fields["type"].default for model in get_args(get_args(Message)[0])]


@pytest.fixture(scope="module")
def documents():
    spec = importlib.util.spec_from_file_location("documents", ROOT / "scripts" / "documents.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_what_the_code_says(documents, capsys):
    assert documents.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_found(documents, tmp_path, monkeypatch, capsys):
    (tmp_path / "settings.md").write_text("<!-- generated: settings -->\nold\n<!-- end -->\n")
    monkeypatch.setattr(documents, "DOCS", tmp_path)
    assert documents.main(["--check"]) == 1
    assert "settings.md" in capsys.readouterr().err
    assert documents.main([]) == 0
    assert documents.main(["--check"]) == 0


def test_the_bodies_shown_are_valid_messages():
    text = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    bodies = [MESSAGE.validate_json(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert [body.type for body in bodies] == TYPES


def test_every_variable_that_the_code_reads_is_described():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for room in ("vision", "api") for path in (ROOT / room).rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"\b(?:LANEWATCH_[A-Z_]*[A-Z]|REDIS_URL|DATABASE_URL)\b", source)}
    missing = sorted(name for name in read if f"`{name}`" not in text and not name.startswith("LANEWATCH_CAMERA"))
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", DESCRIBING, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_code_that_a_page_mentions_exist(page):
    assert missing_names(page) == []


def test_files_and_code_that_docstrings_mention_exist():
    sources = [path for room in ("vision", "api", "scripts") for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(sources) > 200
    missing = {str(path.relative_to(ROOT)): names for path in sources if (names := missing_names(path))}
    assert missing == {}


def test_a_file_or_a_name_that_is_gone_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "See vision/gone.py and `vision/clock.py`, `vision/clock.py: now`, `vision/clock.py: later`,"
        " `dashboard/src/store.ts: reduce`, `dashboard/src/store.ts: gone`, `vision.core.pipeline.Pipeline.step`,"
        " `vision.core.pipeline.Pipeline.gone`, `vision.messages` and `vision.gone`.\n"
    )
    gone = ["vision/gone.py", "vision/clock.py: later", "dashboard/src/store.ts: gone", "vision.core.pipeline.Pipeline.gone"]
    assert missing_names(page) == [*gone, "vision.gone"]


def test_the_architecture_shows_every_room_and_the_path_of_a_frame():
    page = ROOT / "docs" / "architecture.md"
    tree = re.search(r"```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    packages = [path.parent.relative_to(ROOT) for room in ("vision", "api") for path in (ROOT / room).rglob("__init__.py")]
    assert {str(path) for path in packages if path.name != "versions"} <= set(folders_of_tree(tree))
    assert [name for name in folders_of_tree(tree) if not (ROOT / name).is_dir()] == []
    assert len(mentioned_places(page)) > 25


def test_links_inside_generated_pages_lead_to_headings():
    for name in ("gate-file", "messages"):
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        headings = {re.sub(r"[^\w -]", "", line.lstrip("# ")).lower() for line in text.splitlines() if line.startswith("#")}
        assert {target.lower() for target in re.findall(r"\]\(#([^)]+)\)", text)} <= headings


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
