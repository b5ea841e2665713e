"""Every sentence of the code that a person reads on a page is marked for translation where it is written.

``_("…")`` of :mod:`app.sentences` marks one that is shown later, ``gettext("…")`` of Flask-Babel says it at once. What
a program reads, on the wire or in a log, stays as it is. The rules are read from the syntax trees, like those of
``test_architecture``; ``tests/templates/test_marked_sentences.py`` has those for templates.
"""

import ast
import re
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

from tests.parsed import children_of, parse_file, walk
from tests.tables import each

_APP = Path(__file__).resolve().parents[1] / "app"

#: Packages that make pages and nothing else: whatever reads like words is for a person.
_PAGES = (
    "accounts",
    "guide",
    "org",
    "personal",
    "oauth/journal/told",
    "oauth/journal/uri_difference",
    "oauth/playground",
)
#: Packages whose errors are shown on a page, beside a field or above the form.
_TELLING = (*_PAGES, "clients", "consents", "limits", "memories")
#: Packages that make pages among other things: what reads like words is for a person, but for what is named below.
_ALSO_PAGES = ("clients", "consents", "http", "memories", "oauth/endpoints")
#: What programs read there, by module and by the function or name that holds it; with "" for the whole module.
_READ_BY_PROGRAMS = {
    "clients/fields": ("from_json", "_LIFETIME_OPTION"),
    "clients/kinds": ("json_name",),
    "clients/near_addresses": ("Nearness",),
    "clients/own_words": ("",),
    "clients/self_registration": ("",),
    "consents/details": ("",),
    "consents/receipts/log": ("subject",),
    "consents/receipts/__init__": ("memento_id",),
    "consents/receipts/writing": ("_IS_KEPT",),
    "guide/libraries": ("",),
    "guide/markdown": ("",),
    "guide/security_txt": ("",),
    "http/addresses": ("",),
    "http/direct/signed_cookie": ("unsign",),
    "http/error_answers": ("API_ERRORS", "_SERVER_ERROR", "find_answer_to_unavailable", "_answer_unexpected_error"),
    "http/health": ("",),
    "http/incoming": ("read",),
    # The name of the month and the words of the time zone, which a script says anew in the reader's own way.
    "http/moments/__init__": ("_text",),
    "http/navigation": ("_refusal",),
    "http/routes": ("",),
    "http/signposts": ("",),
    "http/wire": ("",),
    # In lower case, to compare with.
    "memories/built_in": ("RESERVED_NAMES",),
    # Titles that become a person's own words: the same in every language, so that what is brought twice is known.
    "memories/importing/chatgpt": ("_read_remembered",),
    "memories/importing/claude": ("read_memory",),
    "memories/importing/drafts": ("finish",),
    # What other programs write.
    "memories/importing/archive": ("read",),
    "memories/importing/heading": ("_CREATED", "_UPDATED"),
    "memories/importing/notes": ("_MONTHS", "_read_notion"),
    "memories/index/in_order": ("_join_in_order",),
    "memories/index/sqlite": ("",),
    "memories/models": ("_ONE_OWNER",),
    # A name of a company's own.
    "memories/sources": ("_LABELS",),
    "oauth/endpoints/by_consent": ("_HTML",),
    "oauth/endpoints/logo": ("",),
    "oauth/endpoints/registration": ("",),
}
#: Tables whose every text is shown on a page, by module and name.
_TABLES = {
    "app.http.error_answers": ("_SENTENCES",),
    "app.consents.ends": ("_ENDS",),
    "app.memories.built_in": ("ALL", "NONE"),
    "app.oauth.refusals.page": (
        "UNKNOWN_APP",
        "NO_WAY_BACK",
        "SWITCHED_OFF",
        "EXPIRED",
        "ALREADY_ANSWERED",
        "OTHER_ACCOUNT",
        "SIGN_IN_FIRST",
    ),
    "app.oauth.endpoints.decision.answers": ("UNCLEAR", "CHANGED"),
    "app.oauth.endpoints.decision.facts": ("_SENTENCES",),
    "app.oauth.journal.log": ("USER_NAME",),
    "app.scopes": ("SCOPES",),
}

_MARKS = {"_", "gettext", "ngettext"}
#: What a page that is shown once takes: text as it is said now, because a session keeps text alone.
_SAID_NOW = {"gettext", "ngettext", "translated"}
_FIELD = re.compile(r"\w*Field$")
_VALIDATORS = re.compile(r"(Input|Data)Required|Length|NumberRange|Regexp|AnyOf|NoneOf|EqualTo|URL|ValidationError")
#: Calls whose texts no person reads: they are for the database, for a pattern, for the log, for the seal of a page.
_FOR_PROGRAMS = {
    "CheckConstraint", "Index", "UniqueConstraint", "relationship", "text", "compile", "debug", "info", "warning",
    "error", "exception", "SureForm", "SureOnceForm", "DemoteForm", "DeleteForm", "ScopeForm",
}  # fmt: skip
#: Two words with a space between them, one with a full stop, or one in brackets after another's.
_WORDS = re.compile(r"[^\W\d_]{2,}[”’)]?[,;:]? +[“‘(]?[^\W\d_]|^[A-Z][^\W\d_]+[.?!]$| \([a-z]+\)$")
#: What is no word for a person: markup, the place of a value, a pattern, a header's value, a call of the API.
_NO_WORDS = re.compile(r"<[^>]*>|\{[^}]*\}|.*\\b.*|^attachment; .*|^(GET|POST|PATCH|DELETE) .*", re.DOTALL)


class Reader:
    """A module's syntax tree, with the way from each node up."""

    def __init__(self, tree: ast.Module):
        self.tree = tree
        #: Every node: each rule looks at all of them.
        self.nodes = walk(self.tree)
        self.imported = {node.module for node in self.nodes if isinstance(node, ast.ImportFrom)}

    @cached_property
    def _above(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.nodes for child in children_of(node)}

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self._above:
            node = self._above[node]
            yield node

    def unmarked(self, node: ast.AST) -> Iterator[ast.AST]:
        """The texts below the node, and itself, that are in no mark and in nothing for a program."""
        for found in self.nodes if node is self.tree else walk(node):
            if not _is_text(found) or self._is_part(found) or self._is_docstring(found):
                continue
            calls = [_called(up) for up in self.above(found) if isinstance(up, ast.Call)]
            if not _MARKS.intersection(calls) and not (calls and calls[0] in _FOR_PROGRAMS):
                yield found

    def _is_part(self, node: ast.AST) -> bool:
        """Whether it is a piece of a text that is looked at whole, or a key."""
        up = self._above.get(node)
        if isinstance(up, ast.JoinedStr | ast.FormattedValue | ast.Subscript | ast.Compare):
            return True
        return isinstance(up, ast.Dict) and node in up.keys

    def _is_docstring(self, node: ast.AST) -> bool:
        return isinstance(self._above.get(node), ast.Expr)


# -- the rules -----------------------------------------------------------------------------------


def sentences_of_pages(reader: Reader) -> Iterator[ast.AST]:
    """In what makes pages, every text that reads like words is marked."""
    yield from (node for node in reader.unmarked(reader.tree) if _has_words(node))


def sentences_among_others(reader: Reader, place: str = "") -> Iterator[ast.AST]:
    """In what also makes pages, a text that reads like words is marked, be it merely returned."""
    read_by_programs = _READ_BY_PROGRAMS.get(place, ())
    if "" in read_by_programs:
        return
    for node in sentences_of_pages(reader):
        above = list(reader.above(node))
        holders = {getattr(up, "name", None) for up in above}
        holders |= {ast.unparse(one) for up in above for one in _targets(up)}
        holders |= {up.arg for up in above if isinstance(up, ast.keyword)}
        told_to_nobody = any(isinstance(up, ast.Assert) or _called(up) in ("ValueError", "TypeError") for up in above)
        # ``option`` is what the command line says of a field.
        if not told_to_nobody and not holders.intersection({*read_by_programs, "option"}):
            yield node


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def sentences_of_errors(reader: Reader) -> Iterator[ast.AST]:
    """An error's sentence, which a page shows beside a field."""
    for node in reader.nodes:
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            told = node.exc
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            told = node
        else:
            continue
        yield from (text for text in reader.unmarked(told) if _has_words(text))


def sentences_of_forms(reader: Reader) -> Iterator[ast.AST]:
    """Labels, descriptions, choices, what validators say, and errors that are put on a field or a form."""
    for node in reader.nodes:
        if isinstance(node, ast.Call):
            for argument in _shown_of_form(node, reader):
                yield from (text for text in reader.unmarked(argument) if _has_letters(text))
        elif isinstance(node, ast.Assign) and any(_is_errors(target) for target in node.targets):
            yield from reader.unmarked(node.value)


def notices(reader: Reader) -> Iterator[ast.AST]:
    """A notice is kept in the session as text, so it is said in the reader's language at once."""
    for node in reader.nodes:
        if isinstance(node, ast.Call) and _called(node) == "flash":
            yield from (one for one in _alternatives(node.args[0]) if _called(one) not in _SAID_NOW)


def error_pages(reader: Reader) -> Iterator[ast.AST]:
    """The title, the sentence and the way on of an error page; an error's description."""
    for node in reader.nodes:
        if isinstance(node, ast.Call) and _called(node) in ("error_page", "abort"):
            shown = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg != "status")]
            for argument in shown:
                yield from (text for text in reader.unmarked(argument) if _has_words(text))


def problems_of_pages(reader: Reader) -> Iterator[ast.AST]:
    """What a page is given beside its forms, to say in its summary of what is wrong."""
    for node in reader.nodes:
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("error", "errors", "notices", "problem"):
                    yield from (text for text in reader.unmarked(keyword.value) if _has_words(text))


def names_of_the_mark(reader: Reader) -> Iterator[ast.AST]:
    """No function takes the name ``_`` for something else and then marks a sentence: it would call that."""
    if "app.sentences" not in reader.imported:
        return
    for node in reader.nodes:
        is_bound = isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
        # A comprehension's names are its own.
        if is_bound and not any(isinstance(up, ast.comprehension) for up in reader.above(node)):
            place = next((up for up in reader.above(node) if isinstance(up, ast.FunctionDef)), reader.tree)
            if any(_called(one) == "_" for one in walk(place)):
                yield node


def sentences_of_clients_fields(reader: Reader) -> Iterator[ast.AST]:
    """The words of a client's field, which the forms and the page of its settings read."""
    for node in reader.nodes:
        if isinstance(node, ast.Call) and _called(node) == "has":
            for keyword in node.keywords:
                if keyword.arg in ("label", "help", "lives"):
                    yield from (text for text in reader.unmarked(keyword.value) if _has_letters(text))


def refusals(reader: Reader) -> Iterator[ast.AST]:
    """What an app's people read about a refusal, and what the guide says to do. What is said on the wire stays."""
    for node in reader.nodes:
        if isinstance(node, ast.Call):
            read = [keyword.value for keyword in node.keywords if keyword.arg in _OF_A_ROW]
            for value in [*read, *(node.args[2:] if _called(node) == "GrantLine" else ())]:
                yield from (text for text in reader.unmarked(value) if _has_words(text))


_OF_A_ROW = ("happened", "fix", "in_general", "to_person", "to_own_people")


def _shown_of_form(call: ast.Call, reader: Reader) -> Iterator[ast.AST]:
    name = _called(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if _FIELD.fullmatch(name):
        yield from call.args[:1]
        yield from (keywords[name] for name in ("label", "description") if name in keywords)
    elif name == "SelectChoice":
        yield from call.args[1:2]
    elif name == "Problem" and "app.http.form_problems" in reader.imported:
        yield from call.args[:1]
    elif _VALIDATORS.fullmatch(name):
        yield from (argument for argument in call.args if isinstance(argument, ast.Constant | ast.JoinedStr))
        yield from (keywords[name] for name in ("message",) if name in keywords)
    elif name == "append" and _is_errors(call.func.value):
        yield from call.args


def _is_errors(target: ast.AST) -> bool:
    return isinstance(target, ast.Attribute) and target.attr in ("errors", "form_errors")


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.IfExp):
        yield from _alternatives(node.body)
        yield from _alternatives(node.orelse)
    else:
        yield node


def _called(node: ast.AST) -> str:
    """The last name of what is called; an empty string for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
    return node.value


def _has_words(node: ast.AST) -> bool:
    return _WORDS.search(_NO_WORDS.sub("", _text(node))) is not None


def _has_letters(node: ast.AST) -> bool:
    return re.search(r"[^\W\d_]", _NO_WORDS.sub("", _text(node))) is not None


def _rules_for(place: str) -> list:
    """What holds for a module of ``app``, by its path without an ending."""
    rules = [sentences_of_forms, sentences_of_clients_fields, notices, error_pages, refusals, names_of_the_mark]
    if _is_in(place, *_PAGES, "oauth"):
        rules.append(problems_of_pages)
    if _is_in(place, *_TELLING) and "" not in _READ_BY_PROGRAMS.get(place, ()):
        rules.append(sentences_of_errors)
    if _is_in(place, *_PAGES) and "" not in _READ_BY_PROGRAMS.get(place, ()):
        rules.append(sentences_of_pages)
    if _is_in(place, *_ALSO_PAGES):
        rules.append(partial(sentences_among_others, place=place))
    return rules


def _is_in(place: str, *packages: str) -> bool:
    return any(place == package or place.startswith(f"{package}/") for package in packages)


# -- the app keeps them --------------------------------------------------------------------------


@each("path", sorted(_APP.rglob("*.py")), ids=lambda path: path.relative_to(_APP).as_posix())
def test_every_sentence_for_a_person_is_marked(path: Path):
    reader = Reader(parse_file(path))
    place = path.relative_to(_APP).with_suffix("").as_posix()
    found = {node.lineno: ast.unparse(node) for rule in _rules_for(place) for node in rule(reader)}
    assert not found, "\n".join(["", *(f"app/{path.relative_to(_APP)}:{line}: {text}" for line, text in found.items())])


@each(("module", "name"), [(module, name) for module, names in _TABLES.items() for name in names], ids=str)
def test_every_text_of_a_table_for_people_is_marked(module: str, name: str):
    reader = Reader(parse_file(_APP.parent / (module.replace(".", "/") + ".py")))
    tables = [
        node.value
        for node in reader.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if ast.unparse(target) == name
    ]
    assert tables, f"{module} has no {name} any more."
    found = [f"{module}:{text.lineno}: {_text(text)}" for text in reader.unmarked(tables[0]) if _has_words(text)]
    assert not found, "\n".join(["", *found])


@each("place", _READ_BY_PROGRAMS)
def test_what_programs_read_is_there(place: str):
    """A name that is gone excuses nothing any more."""
    source = (_APP / f"{place}.py").read_text()
    assert [name for name in _READ_BY_PROGRAMS[place] if not re.search(rf"\b{name}\b", source)] == []


_PLANTED = (
    "def _say_it(is_so: bool) -> str:\n    return 'Nothing is shared yet.' if is_so else f'{is_so} and no more'\n"
)


@each("package", _ALSO_PAGES)
def test_a_sentence_that_is_merely_returned_is_seen_wherever_it_is_planted(package: str):
    for path in (_APP / package).rglob("*.py"):
        place = path.relative_to(_APP).with_suffix("").as_posix()
        if "" not in _READ_BY_PROGRAMS.get(place, ()):
            reader = Reader(ast.Module([*parse_file(path).body, *ast.parse(_PLANTED).body], []))
            found = {ast.unparse(node) for rule in _rules_for(place) for node in rule(reader)}
            assert found == {"'Nothing is shared yet.'", "f'{is_so} and no more'"}, place


# -- and each of them sees -----------------------------------------------------------------------


@each(
    ("rule", "source"),
    [
        (sentences_of_pages, "x = 'Nothing was changed.'"),
        (sentences_of_pages, "x = {'a': 'made a secret'}"),
        (sentences_of_pages, "def f():\n    return f'fewer than {n}'"),
        (sentences_of_pages, "x = f'{name} (deleted)'"),
        (sentences_among_others, "def f():\n    return 'Nothing is shared yet.'"),
        (sentences_among_others, "def f(x):\n    yield f'fewer than {x}'"),
        (sentences_of_clients_fields, "x = has('', Text(), label='Landing page')"),
        (sentences_of_clients_fields, "x = has('', Text(), label=_('Name'), help='Theirs.')"),
        (sentences_of_errors, "raise ValueError('Enter a name.')"),
        (sentences_of_errors, "raise InvalidName(f'The name {problem}')"),
        (
            sentences_of_errors,
            "class E(ValueError):\n    def __init__(self):\n        super().__init__('It is taken.')",
        ),
        (sentences_of_forms, "x = StringField('Name')"),
        (sentences_of_forms, "x = StringField(_('Name'), description='People see it.')"),
        (sentences_of_forms, "x = RadioField(_('Type'), choices=[SelectChoice('a', 'An app')])"),
        (sentences_of_forms, "x = InputRequired('Enter it.')"),
        (sentences_of_forms, "x = Length(max=3, message='Too long.')"),
        (sentences_of_forms, "raise ValidationError('Too long.')"),
        (sentences_of_forms, "form.name.errors = ['Too long.']"),
        (sentences_of_forms, "form.form_errors.append('Too long.')"),
        (sentences_of_forms, "from app.http.form_problems import Problem\nx = Problem('Too long.', 'name')"),
        (notices, "flash('The app is active.')"),
        (notices, "flash(f'{name} is paused.')"),
        (notices, "flash(gettext('Saved.') if x else 'Removed.')"),
        (notices, "flash(_('It would stay English.'))"),
        (notices, "flash(sentence, 'error')"),
        (error_pages, "error_page(413, 'That was too large', _('Send less.'))"),
        (error_pages, "error_page(404, action=('/', 'Go back'))"),
        (error_pages, "abort(400, description='Send it again.')"),
        (refusals, "x = Refusal('invalid_scope', 'On the wire.', happened=_('It was.'), fix='Leave it out.')"),
        (refusals, "x = Refusal('invalid_scope', 'On the wire.', to_person='The link is wrong.')"),
        (problems_of_pages, "_show(flow, errors=['Tick at least one.'])"),
        (refusals, "x = GrantLine('slug', 'On the wire.', 'Keep the token.')"),
        (names_of_the_mark, "from app.sentences import _\ndef f():\n    one, _ = pair\n    return _('Sign in')"),
        (names_of_the_mark, "from app.sentences import _\nfor _ in range(3):\n    x = _('Sign in')"),
    ],
)
def test_a_rule_sees(rule, source: str):
    assert len(list(rule(Reader(ast.parse(source))))) == 1


@each(
    "source",
    [
        "'''Opens with a sentence.'''\ndef f():\n    '''And so does this.'''",
        "x = StringField(_('Name'), [InputRequired(_('Enter a name.'))], render_kw={'autocomplete': 'off'})",
        "flash(gettext('%(name)s is paused.', name=name))\nflash(translated(done), 'error')",
        "flash(ngettext('Deleted.', '%(num)s are deleted.', count))",
        "raise LastOwner()",
        "raise ValueError(_('Enter a name of at most %(most)s characters.', most=20))",
        "error_page(404, _('There is nothing here'), _('Go back.'))",
        "x = CheckConstraint('a IN b')\n_log.error('The database does not answer')",
        "if x == 'two words':\n    pass",
        "redirect(url_for('org.list_clients'), 303)",
        "x = Refusal('invalid_scope', 'said', happened=_('It was.'), fix=_('Leave it out.'))",
        "from app.sentences import _\nx = [one for one, _ in rows], _('Sign in')",
        "from app.sentences import _\ndef f():\n    one, _ = pair",
    ],
)
def test_a_marked_sentence_is_none_of_their_business(source: str):
    reader = Reader(ast.parse(source))
    assert [node for rule in _rules_for("accounts") for node in rule(reader)] == []
