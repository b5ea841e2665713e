"""How kinds of integrations read."""

import pytest

from app.memories.sources import label_of


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("google_drive", "Google Drive"),
        ("slack", "Slack"),
        ("gmail", "Gmail"),
        ("dropbox", "Dropbox"),
        ("memory", "Memory"),
        ("field_notes", "Field Notes"),
    ],
)
def test_a_kind_has_a_label_and_an_unknown_one_its_own_name(kind, label):
    assert label_of(kind) == label
