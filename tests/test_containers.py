"""What ``deploy/`` has for containers names what is there: files, settings, secrets, services, and no registry."""

import ast
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import yaml

from app.config import FILE, find_setting_names
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
_DEPLOY = _ROOT / "deploy"
_DOCKERFILE = re.sub(r" *\\\n *", " ", (_DEPLOY / "Dockerfile").read_text())
_COMPOSE = yaml.safe_load((_DEPLOY / "compose.yaml").read_text())
_SERVICES = _COMPOSE["services"]
_RUNBOOK = (_DEPLOY / "RUNBOOK.md").read_text().partition("\n# Containers\n")[2].partition("\n# ")[0]
_COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```sh\n(.*?)```", _RUNBOOK, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("docker ")
]
_OURS = ("migrate", "server-1", "server-2")


def _instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", _DOCKERFILE, re.MULTILINE)


def _copied() -> list[str]:
    """What the image has of this folder."""
    return [path for line in _instructions("COPY") if "--from" not in line for path in line.split()[:-1]]


def _settings(service: str) -> set[str]:
    return {name.removesuffix(FILE) for name in _SERVICES[service]["environment"]}


def _ignored() -> list[str]:
    lines = (_ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_image_has_what_is_there_and_what_is_asked_for():
    copied = _copied()
    assert all((_ROOT / path).exists() for path in copied)
    into = [path for line in _instructions("COPY") if "--from" in line for path in line.split()[1:-1]]
    assert {path.removeprefix("/reliquary/") for path in into} == {*copied, ".venv"} - {"requirements.lock"}
    read = {
        node.right.value
        for path in (_ROOT / "app").rglob("*.py")
        if "_ROOT" in path.read_text()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name) and node.left.id == "_ROOT"
        if isinstance(node.right, ast.Constant)
    }
    assert "pyproject.toml" in read and read - {"instance"} <= set(copied)


def test_what_is_copied_is_let_through_and_nothing_else():
    """A list of what may come in needs no line for each secret that must not."""
    everything, *rest = _ignored()
    let_in = [line.removeprefix("!") for line in rest if line.startswith("!")]
    assert everything == "*" and sorted(let_in) == sorted(_copied())
    kept_out = [line.removeprefix("**/") for line in rest if not line.startswith("!")]
    names = {path.name for folder in let_in for path in (_ROOT / folder).rglob("*") if "__pycache__" not in path.parts}
    assert names and not [name for name in names for pattern in kept_out if fnmatch(name, pattern)]


def test_the_python_is_one_that_is_allowed():
    (python,) = _instructions("ARG")
    version = tuple(map(int, re.fullmatch(r"PYTHON=(\d+)\.(\d+)-slim-\w+", python).groups()))
    least = re.search(r'requires-python = ">=(\d+)\.(\d+)"', (_ROOT / "pyproject.toml").read_text())
    assert version >= tuple(map(int, least.groups()))
    assert {line.split()[0] for line in _instructions("FROM")} == {"python:${PYTHON}"}


def test_it_is_the_server_of_the_readme_as_nobody_in_particular():
    command = ast.literal_eval(_instructions("CMD")[0])
    assert command[:2] == ["sh", "-c"]
    started = command[2].replace(" --bind 0.0.0.0:$PORT", "")
    assert started.startswith("exec ") and f"`{started.removeprefix('exec ')}`" in (_ROOT / "README.md").read_text()
    user, group = map(int, _instructions("USER")[0].split(":"))
    assert user and group and f"--gid {group} " in _DOCKERFILE and f"--uid {user} " in _DOCKERFILE
    assert "/readyz" in _instructions("HEALTHCHECK")[0]
    # What handles no signal must not be the first process.
    assert _instructions("ENTRYPOINT") == ['["tini", "--"]'] and "tini" in _instructions("RUN")[2]
    assert all(flag in _DOCKERFILE for flag in ("--require-hashes", "--only-binary :all:", "requirements.lock"))


@each("service", _OURS)
def test_each_setting_is_one(service):
    assert _settings(service) <= find_setting_names()
    for name, value in _SERVICES[service]["environment"].items():
        if chosen := re.search(r"\$\{(\w+)", str(value)):
            assert chosen[1] == name


@each("service", _OURS)
def test_a_server_may_do_little_and_has_the_time_that_it_needs_to_stop(service):
    runs = _SERVICES[service]
    assert runs["read_only"] and runs["cap_drop"] == ["ALL"] and runs["security_opt"] == ["no-new-privileges:true"]
    longest = int(re.search(r"and in (\d+) at most\. Replace", (_ROOT / "README.md").read_text())[1])
    assert int(runs["stop_grace_period"].removesuffix("s")) > longest
    assert not {"ports", "privileged", "volumes"} & set(runs)


def test_each_secret_is_a_file_that_is_made_and_never_kept():
    for name, secret in _COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"} and f"> deploy/secrets/{name}\n" in _RUNBOOK
        users = [runs for runs in _SERVICES.values() if name in runs.get("secrets", ())]
        assert users and all(f"/run/secrets/{name}" in runs["environment"].values() for runs in users)
    assert "deploy/secrets/" in (_ROOT / ".gitignore").read_text().splitlines()
    given = [
        value for runs in _SERVICES.values() for name, value in runs.get("environment", {}).items() if "PASS" in name
    ]
    assert all(str(value).startswith("/run/secrets/") for value in given)


def test_the_proxy_leads_to_both_servers():
    told = dict(re.findall(r'server [\w-]+ "\$\{(\w+)-(127\.0\.0\.1:\d+)\}"', (_DEPLOY / "haproxy.cfg").read_text()))
    assert _SERVICES["proxy"]["environment"] == {name: f"server-{name[-1]}:8000" for name in told} and len(told) == 2
    assert "PORT=8000" in _instructions("ENV")[0]
    mounted = _SERVICES["proxy"]["volumes"][0].split(":")[0]
    assert (_DEPLOY / mounted).is_file()


def test_what_is_named_inside_is_there():
    for runs in _SERVICES.values():
        assert runs["logging"]["options"]["max-size"], "its log would fill the disk"
        assert set(runs.get("networks", ())) <= set(_COMPOSE["networks"])
        assert {volume.split(":")[0] for volume in runs.get("volumes", ()) if volume[0] != "."} <= set(
            _COMPOSE["volumes"]
        )
        assert set(runs.get("depends_on", ())) <= set(_SERVICES)


def test_no_registry_is_named():
    """Where images come from is for whoever builds them to say."""
    images = [runs["image"] for runs in _SERVICES.values()]
    assert all(re.fullmatch(r"\$\{RELIQUARY_IMAGE:-reliquary\}|[a-z]+:[\d.]+", image) for image in images)
    for name in ("Dockerfile", "compose.yaml"):
        text = (_DEPLOY / name).read_text()
        assert not re.findall(r"\b[a-z-]+\.(?:io|com|org|net|dev)\b", text)


@each("command", _COMMANDS, ids=lambda command: " ".join(command)[:60])
def test_a_command_of_the_runbook_names_what_is_there(command):
    if "compose" in command:
        assert (_ROOT / command[command.index("--file") + 1]).is_file()
        services = {word for word in command if word in _SERVICES}
        assert services or command[-2:] == ["up", "--detach"]
    elif command[1] == "build":
        assert (_ROOT / command[command.index("--file") + 1]).is_file() and command[-1] == "."
    else:
        assert command[1] in ("run", "exec", "stop", "start")
        assert command[1] != "run" or "reliquary:/reliquary/instance" in command
