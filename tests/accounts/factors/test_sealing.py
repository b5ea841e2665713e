"""How the secret of one-time codes is kept, and that it outlives another SECRET_KEY."""

import pytest
from msgspec import structs
from sqlalchemy import insert, select

from app import clock
from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.resealing import count_lost, reseal
from app.accounts.factors.sealing import SealBroken, beginning_under, seal, unseal
from app.extensions import db
from app.purge.run import Purge
from tests.tables import each

SECRET, OWNER = "JBSWY3DPEHPK3PXP", "usr_1"
OLD, NEW, OTHER = "the-key-of-yesterday-" + "1" * 32, "the-key-of-today-" + "2" * 32, "a-key-of-nobody-" + "3" * 32


def test_a_seal_opens_under_its_key_and_tells_nothing():
    sealed = seal(SECRET, OWNER, OLD)
    assert unseal(sealed, OWNER, [NEW, OLD]) == SECRET
    assert SECRET not in sealed and OLD not in sealed and len(sealed) < 400
    assert sealed != seal(SECRET, OWNER, OLD), "Two seals of one secret can be told from each other alone."


def test_a_seal_names_its_key():
    assert seal(SECRET, OWNER, OLD).startswith(beginning_under(OLD)) and beginning_under(OLD) != beginning_under(NEW)


def _changed(sealed: str, part: int) -> str:
    parts = sealed.split(".")
    parts[part] = ("B" if parts[part][:1] == "A" else "A") + parts[part][1:]
    return ".".join(parts)


@each("part", [0, 2, 3, 4])
def test_a_seal_that_was_changed_opens_no_more(part):
    with pytest.raises(SealBroken):
        unseal(_changed(seal(SECRET, OWNER, OLD), part), OWNER, [OLD])


@pytest.mark.parametrize(("owner", "keys"), [("usr_2", [OLD]), (OWNER, [NEW]), (OWNER, [])])
def test_a_seal_opens_for_nobody_else(owner, keys):
    with pytest.raises(SealBroken):
        unseal(seal(SECRET, OWNER, OLD), owner, keys)


@each("sealed", ["", "x", "a.b.c.d.e", "....", "\x00", "é.é.é.é.é", "e30....", "x" * 400])
def test_what_is_no_seal_opens_no_more(sealed):
    with pytest.raises(SealBroken):
        unseal(sealed, OWNER, [OLD])


def test_everything_is_sealed_under_the_new_key(app, alice, bob, carol, monkeypatch):
    monkeypatch.setattr("app.accounts.factors.resealing._BATCH", 1)
    rows = [
        {"user_id": alice.id, "sealed": seal("ALICES", alice.id, OLD), "pending": None},
        {"user_id": bob.id, "sealed": seal("BOBS", bob.id, NEW), "pending": seal("BOBSNEXT", bob.id, OLD)},
        {"user_id": carol.id, "sealed": seal("CAROLS", carol.id, OTHER), "pending": None},
    ]
    with app.app_context():
        db.session.execute(insert(OneTimeCodes), [row | {"confirmed_at": clock.now()} for row in rows])
        db.session.commit()
        assert reseal(db.engine, [NEW, OLD]) == 2
        assert reseal(db.engine, [NEW, OLD]) == 0
        kept = {row.user_id: row for row in db.session.execute(select(OneTimeCodes.__table__))}
        assert unseal(kept[alice.id].sealed, alice.id, [NEW]) == "ALICES"
        assert unseal(kept[bob.id].sealed, bob.id, [NEW]) == "BOBS"
        assert unseal(kept[bob.id].pending, bob.id, [NEW]) == "BOBSNEXT"
        assert kept[carol.id].sealed == rows[2]["sealed"], "What no key opens is not thrown away."
        assert count_lost(db.session(), [NEW, OLD]) == 1
        assert count_lost(db.session(), [NEW, OLD, OTHER]) == 0


def test_a_purge_does_it(app, alice):
    settings = app.extensions["services"].settings
    with app.app_context():
        sealed = seal(SECRET, alice.id, settings.secret_key)
        db.session.execute(insert(OneTimeCodes), {"user_id": alice.id, "sealed": sealed, "confirmed_at": clock.now()})
        db.session.commit()
        changed = structs.replace(settings, secret_key=NEW, secret_key_fallbacks=(settings.secret_key,))
        Purge(db.engine, changed, lambda seconds: True, app.app_context).run(everything=True)
        assert unseal(db.session.scalars(select(OneTimeCodes.sealed)).one(), alice.id, [NEW]) == SECRET
