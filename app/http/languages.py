"""The language of the pages: English, and no other yet. Flask-Babel is set up here, once.

Templates mark their sentences with ``_("…")`` and ``{% trans %}``, as Jinja's own extension has them. As long as there
is one language, nothing is looked up while a page is made: the sentences are put into the templates when those are
compiled, and cost nothing. A second language takes Jinja's extension in the place of :class:`EnglishSentences`, a
``locale_selector`` and a catalogue, and the catalogues of WTForms, which are turned off here.
"""

import re
from collections.abc import Iterable, Iterator

from flask import Flask
from flask_babel import Babel, gettext, ngettext
from jinja2 import nodes
from jinja2.ext import InternationalizationExtension
from jinja2.lexer import Token, TokenStream

from app import sentences

_VALUE = re.compile(r"%\((\w+)\)s")
_MARKED = ["name", "lparen", "string", "rparen"]


def init_app(app: Flask) -> None:
    """Let the templates mark sentences, and say those that code has marked."""
    babel = Babel(app, default_locale="en", configure_jinja=False)
    # Flask-WTF would read a file for each request that has a form, to put English in the place of English.
    app.config["WTF_I18N_ENABLED"] = False
    # A sentence is one line to whoever translates it, however the template wraps it.
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.add_extension(EnglishSentences)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True
    )
    app.jinja_env.filters["translated"] = sentences.translated
    with app.app_context():
        if any(language.language != "en" for language in babel.list_translations()):
            sentences.speak_with(_speak)


class EnglishSentences(InternationalizationExtension):
    """Jinja's marks for sentences, answered in English when the template is compiled."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """``_("Sign in")`` is the text itself. With values it stays a call."""
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            found = tokens[at : at + 4]
            if [token.type for token in found] == _MARKED and found[0].value == "_":
                yield from _as_text(found[2])
                at += 4
            else:
                yield tokens[at]
                at += 1

    def _make_node(  # type: ignore[override]
        self,
        singular: str,
        plural: str | None,
        context: str | None,
        variables: dict[str, nodes.Expr],
        plural_expr: nodes.Expr | None,
        vars_referenced: bool,
        num_called_num: bool,
    ) -> nodes.Output | nodes.If:
        """``{% trans %}`` is its text, with the values where they are named."""
        one = nodes.Output(list(_pieces(singular, variables)))
        if plural is None or plural_expr is None:
            return one
        is_one = nodes.Compare(plural_expr, [nodes.Operand("eq", nodes.Const(1))])
        return nodes.If(is_one, [one], [], [nodes.Output(list(_pieces(plural, variables)))])


def _as_text(string: Token) -> Iterable[Token]:
    text = str(string.value).replace("%%", "%")
    for kind, value in (("lparen", "("), ("string", text), ("pipe", "|"), ("name", "safe"), ("rparen", ")")):
        yield Token(string.lineno, kind, value)


def _pieces(sentence: str, variables: dict[str, nodes.Expr]) -> Iterator[nodes.Expr]:
    for at, piece in enumerate(_VALUE.split(sentence)):
        if at % 2:
            yield variables[piece]
        elif piece:
            yield nodes.TemplateData(piece.replace("%%", "%"))


def _speak(singular: str, plural: str | None, number: int) -> str:
    return gettext(singular) if plural is None else ngettext(singular, plural, number)
