"""How kinds of integrations read."""

from app.memories.sources import label_of
from tests.tables import each


@each(
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
