"""What the README tells people to paste works as it stands."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from app import seeds
from app.config import LIFETIMES
from app.extensions import db

_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def five_steps() -> str:
    """The shell blocks of the section on the five steps, one after the other."""
    readme = (_ROOT / "README.md").read_text()
    section = readme.split("## The five steps")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 5
    return "\n".join(blocks)


def test_the_five_steps_work_when_pasted(five_steps, server):
    with server.app.app_context():
        data = seeds.seed()
        db.session.commit()
    secret = next(client["client_secret"] for client in data["clients"] if "client_secret" in client)
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", five_steps.replace(".venv/bin/python", "python3")],
        cwd=_ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "ISSUER": server.url, "CLIENT_SECRET": secret},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shell.returncode == 0, shell.stderr
    me = json.loads(shell.stdout.strip().splitlines()[-1])
    assert me["email"] == "alice@example.com"
    assert me["consent"]["selection"] == "all"


def test_the_settings_table_names_every_setting():
    readme = (_ROOT / "README.md").read_text()
    names = {"DATABASE_URL", "SECRET_KEY", "ISSUER", "PORT", "SITE_NAME", "TRUSTED_PROXIES", "WEB_CONCURRENCY", *LIFETIMES}
    assert {name for name in names if f"`{name}`" not in readme} == set()
