"""Every command, with every flag it has, is run as it is printed; a new one without a line here fails by name."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

_ROOT = Path(__file__).resolve().parents[2]
#: Those that Flask and Flask-Migrate bring along. Of these the README names ``db upgrade``.
_BROUGHT_ALONG = {"db", "routes", "run", "shell"}

#: What is typed, one after the other, on the demonstration data; after ``<<<`` comes what is typed into the command.
LINES = """
flask seed
flask seed --json
flask clients register --org acme --name "Acme Planner" --type confidential --redirect-uri https://planner.acme.example/cb --redirect-uri http://127.0.0.1/cb --request-origin https://planner.acme.example --scope memories:read --scope "memories:write integrations:read" --optional-scope memories:write --description "Plans." --logo static/consent-screen.png --homepage-url https://acme.example --published --privacy-url https://acme.example/privacy --terms-url https://acme.example/terms --native-app --require-pkce --require-pushed --device-flow --jwks-uri https://planner.acme.example/jwks.json --access-token-lifetime 600 --refresh-token-lifetime 86400 --json
flask clients register --org acme --name "Acme Draft" --type confidential --draft --no-native-app --no-require-pkce --no-require-pushed --no-device-flow --no-published --landing-page-url https://acme.example --jwks '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
flask clients update DRAFT --name "Acme Diary" --redirect-uri https://diary.acme.example/cb --request-origin https://diary.acme.example --scope memories:read --optional-scope "" --description "A diary." --logo "" --landing-page-url https://acme.example --privacy-url https://acme.example/privacy --terms-url https://acme.example/terms --no-native-app --no-published --no-require-pkce --no-require-pushed --no-device-flow --jwks "" --jwks-uri "" --access-token-lifetime default --refresh-token-lifetime default --json
flask clients update DRAFT --native-app --require-pkce --require-pushed --device-flow --published --logo static/consent-screen.png --homepage-url https://acme.example --jwks-uri https://diary.acme.example/jwks.json
flask clients update DRAFT --jwks-uri "" --jwks '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
flask clients activate DRAFT --json
flask clients register --org acme --name "Acme Shelf" --type confidential --resource https://shelf.acme.example/ --resource http://127.0.0.1:9999/shelf
flask clients update DRAFT --resource https://diary.acme.example/records --json
flask clients update DRAFT --resource "" --json
flask clients list --org acme --origin registered --query diary --json
flask clients list --status active --unused --limit 10
flask clients list
flask clients show DRAFT
flask clients show DRAFT --json
flask clients rotate-secret DRAFT --keep-others --label "the second" --json
flask clients rotate-secret DRAFT
flask clients retire-secret DRAFT SECRET --json
flask clients requests DRAFT --failed --page 1 --json
flask clients suspend DRAFT --json
flask clients resume DRAFT --json
flask clients delete DRAFT --name "Acme Diary" --json
flask users create --email dora@acme.example --name "Dora Diaz" --password-stdin --org acme --role admin --verified --json <<< a-password-of-dora
flask users list
flask users list --query dora --state open --limit 10 --json
flask users operator dora@acme.example --json
flask users list --operators
flask users operator dora@acme.example --no
flask users reset-link dora@acme.example
flask users reset-link dora@acme.example --json
flask users reset-factors dora@acme.example --json
flask users disable dora@acme.example --json
flask users enable dora@acme.example --json
flask mail try dora@acme.example
flask mail list
flask mail list --limit 1 --json
flask mail retry LETTER --json
flask mail retry --all
flask mail drop LETTER --json
flask mail send
flask mail try bob@example.com --json
flask mail list
flask mail drop LETTER
flask mail send --json
flask users delete dora@acme.example --name "Dora Diaz" --json
flask purge
flask purge --json
flask doctor
flask doctor --json
""".strip().splitlines()  # fmt: skip


class Promise:
    """What can be typed: a command's words, and one of its options or None for the command alone."""

    def __init__(self, words: tuple[str, ...], option: click.Option | None = None):
        self.words, self.option = words, option

    def __str__(self) -> str:
        return " ".join(["flask", *self.words, *([self.option.opts[0]] if self.option else [])])

    def spellings(self) -> list[str]:
        """Each way to give it: both ``--native-app`` and ``--no-native-app``."""
        if self.option is None:
            return [""]
        return [name for name in (*self.option.opts, *self.option.secondary_opts) if name.startswith("--")]


def _promises(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[Promise]:
    if not words:
        group.load()
    for name, command in group.commands.items():
        if not words and name in _BROUGHT_ALONG:
            continue
        if isinstance(command, click.Group):
            yield from _promises(command, (*words, name))
            continue
        yield Promise((*words, name))
        yield from (Promise((*words, name), one) for one in command.params if isinstance(one, click.Option))


def test_every_command_and_every_option_is_on_a_line(app):
    typed = [shlex.split(line.partition(" <<< ")[0])[1:] for line in LINES]
    missing = [
        f"{promise}: no line types {spelling or 'it'}"
        for promise in _promises(app.cli)
        for spelling in promise.spellings()
        if not any(
            tuple(words[: len(promise.words)]) == promise.words and (not spelling or spelling in words)
            for words in typed
        )
    ]
    assert missing == []


def test_every_line_works_as_it_is_printed(app):
    run = app.test_cli_runner().invoke
    draft = secret = letter = ""
    for line in LINES:
        typed, _, stdin = line.partition(" <<< ")
        words = [
            {"DRAFT": draft, "SECRET": secret, "LETTER": letter}.get(word, word) for word in shlex.split(typed)[1:]
        ]
        result = run(args=words, input=stdin + "\n")
        assert (result.exit_code, result.stderr) == (0, ""), f"{line}: {result.output}"
        assert result.stdout, line
        if "--json" in words:
            assert isinstance(json.loads(result.stdout), dict), line
        if "--draft" in words:
            draft = re.search(r"client_[0-9a-f]{24}", result.stdout).group()
        secret = next(iter(re.findall(r"sec_\w+", result.stdout)), secret)
        letter = next(iter(re.findall(r"let_\w+", result.stdout)), letter)


def test_every_command_explains_itself(app):
    """In whole sentences, and each option that its name does not explain."""
    run = app.test_cli_runner().invoke
    for promise in _promises(app.cli):
        if promise.option is None:
            shown = run(args=[*promise.words, "--help"])
            assert shown.exit_code == 0 and "Usage: " in shown.stdout, promise
            assert re.search(r"\n\n  [A-Z][^\n]+", shown.stdout) and "." in shown.stdout.split("\n\n")[1], promise
            # What is written for whoever reads the source is not for whoever runs the command.
            assert "Raises" not in shown.stdout and "``" not in shown.stdout, promise


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])
def test_a_document_names_only_commands_that_there_are(app, document):
    known = {promise.words for promise in _promises(app.cli)} | {("db", "upgrade"), ("db", "current")}
    known |= {words[:1] for words in known}
    named = set(_named_commands((_ROOT / document).read_text()))
    assert named and named <= known


def test_the_readme_names_every_command(app):
    named = set(_named_commands((_ROOT / "README.md").read_text()))
    assert {promise.words for promise in _promises(app.cli)} <= named


def _named_commands(text: str) -> Iterator[tuple[str, ...]]:
    """``flask clients list | show`` names two; in the list after ``flask`` alone each has its own quotes."""
    for span in re.findall(r"`(?:\.venv/bin/)?flask ([^`]+)`", text):
        first, _, rest = span.partition(" ")
        if not rest or rest.startswith("-"):
            yield (first,)
        for one in re.split(r" ?\| ?", rest):
            if one and not one.startswith("-") and one != "…":
                yield first, one.split(" ")[0]


def test_each_of_our_commands_prints_one_json_object_when_asked(app):
    """As the README says."""
    without = {promise.words for promise in _promises(app.cli)}
    without -= {promise.words for promise in _promises(app.cli) if "--json" in promise.spellings()}
    assert without == set()
