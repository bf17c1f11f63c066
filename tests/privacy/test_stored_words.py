"""The page has words for everything that is stored about somebody, and for whom it is."""

import json
from importlib.resources import files
from typing import get_args

import pytest

from ami_bridge.db.tables import metadata
from ami_bridge.privacy.model import ForWhom

BESIDE = {"contacts", "rooms", "audit", "recordings"}
"""Tables, and files, of what is somebody's without a column `login`."""
BY_CLASS = {"journal"}
"""The journal tells of its classes."""


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_has_words_for_all_that_is_stored(language: str) -> None:
    words = json.loads((files("ami_bridge") / f"web/static/i18n/{language}.json").read_text(encoding="utf-8"))
    tables = {name for name, table in metadata.tables.items() if "login" in table.c} | BESIDE
    assert [one for one in sorted(tables - BY_CLASS) if f"stored.kind.{one}" not in words] == []
    assert [one for one in get_args(ForWhom) if f"stored.for.{one}" not in words] == []
