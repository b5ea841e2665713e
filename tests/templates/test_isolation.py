"""Words of people and apps are kept apart from the words around them: an Arabic name, or a mark that turns what follows,
changes nothing but itself. Each stands in a ``bdi``; where no element can stand, it goes through the filter ``isolated``."""

import re

from tests.tables import each
from tests.templates.test_rules import _ROOT, TEMPLATES

#: The last word of an expression that holds somebody's words.
_SOMEBODYS = re.compile(
    r"\b(?:client|app|row|use|saving|savings\[memento\.id\]|saved|memento|window|integration|organization|member|account"
    r"|current_user|invited_by|user|entry|connection|access|invitation|secret|memory|what|copy|source|sources\[0\]|one"
    r"|place|folder)\."
    r"(?:name|title|label|app_name|organization_name|client_name|actor_name|actor_email|person|email|excerpt|folder|parent"
    r"|description|integration_name|before|theirs|yours|address|what)\b(?!\.)"
)
_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_IN_A_TAG = re.compile(r"<[a-z][^<>]*\Z", re.IGNORECASE)

#: (template, expression): why it may stand as it is.
ALLOWED = {
    ("org/settings.html", "one.label"): "the label of a field of ours",
    (
        "org/client_layout.html",
        "logo(client.key, client.name, client.logo.digest if client.logo else none)",
    ): "a letter",
    (
        "org/settings.html",
        "logo(client.key, client.name, client.logo.digest if client.logo else none)",
    ): "a letter",
    ("org/list.html", "logo(row.client_id, row.name, row.logo_digest)"): "one letter, hidden from those who listen",
    ("macros/oauth.html", "face(client.name, client.logo_url)"): "one letter, hidden from those who listen",
    ("directory/list.html", "face(client.name, logo_url)"): "one letter, hidden from those who listen",
    ("personal/apps/was.html", "face(consent.client.name, logo_url)"): "one letter, hidden from those who listen",
    ("personal/mementos/edit.html", "opener(row.pick, row.what.name)"): "the macro isolates it",
    ("personal/mementos/edit.html", "opener(row.pick, row.what)"): "the macro isolates it",
}


def find_loose_words(template: str, text: str) -> list[str]:
    """The expressions that hold somebody's words, and neither stand in a ``bdi`` nor are isolated."""
    text = re.sub(r"\{#.*?#\}", lambda comment: " " * len(comment.group()), text, flags=re.DOTALL)
    found = []
    for match in _EXPRESSION.finditer(text):
        expression, before = match[1].strip(), text[: match.start()]
        if not _SOMEBODYS.search(expression) or re.match(r"(url_for|field|choices|csrf_token)\(", expression):
            continue
        is_isolated = "isolated" in expression or re.search(r"<bdi[^>]*>\Z", before)
        # The value of a field is edited, not read among other words; and so is an attribute that holds nothing else.
        is_value = _IN_A_TAG.search(before) and re.search(r"""\b(value|id|href|src)=["']?[^"']*\Z|title="\Z""", before)
        if not is_isolated and not is_value and (template, expression) not in ALLOWED:
            found.append(expression)
    return found


@each("template", TEMPLATES, ids=lambda path: str(path.relative_to(_ROOT / "templates")))
def test_somebodys_words_stand_apart(template):
    assert find_loose_words(str(template.relative_to(_ROOT / "templates")), template.read_text()) == []


@each(
    ("text", "loose"),
    [
        ("<p>{{ client.name }}</p>", 1),
        ("<p><bdi>{{ client.name }}</bdi></p>", 0),
        ("{% block title %}{{ memento.name }}{% endblock %}", 1),
        ("{% block title %}{{ memento.name | isolated }}{% endblock %}", 0),
        ('<button aria-label="Remove {{ member.name }}">', 1),
        ('<input value="{{ memento.name }}">', 0),
        ("{# {{ client.name }} #}", 0),
        ('{{ "Change " ~ memento.name }}', 1),
    ],
)
def test_loose_words_are_seen(text, loose):
    assert len(find_loose_words("made-up.html", text)) == loose


def test_a_field_for_words_is_laid_out_as_they_are_written():
    """From the right for those who write so; a field that holds an address or a number of ours may stay as it is."""
    for template in TEMPLATES:
        for tag in re.findall(r"<(?:input|textarea)\b[^>]*>", template.read_text()):
            # What is not to be spelled, such as an id, is no text of anybody's.
            if not re.search(r'type="(hidden|checkbox|radio|submit|password|file)"|spellcheck="false"', tag):
                assert 'dir="auto"' in tag, f"{template.name}: {tag}"
    assert 'field(dir="auto"' in (_ROOT / "templates" / "macros" / "forms.html").read_text()


def test_what_is_allowed_is_still_there():
    for template, expression in ALLOWED:
        assert expression in (_ROOT / "templates" / template).read_text(), (template, expression)
