"""Whether a password is the person's, asked in a way that tells nobody who has an account."""

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.passwords import hash_password, needs_rehash, verify_password
from app.database.connections import connect
from app.database.rows import changed_rows
from app.database.statements import Statement
from app.extensions import db
from app.limits.counting import Limits
from app.limits.errors import TooManyAttempts
from app.limits.networks import network_of
from app.limits.table import (
    ACCOUNT_SIGN_INS,
    ADDRESS_SIGN_INS,
    KNOWN_BROWSER_SIGN_INS,
    STRANGER_SIGN_INS,
    Limit,
)

_FIND_PASSWORD = Statement(select(User.id, User.password_hash).where(User.email == bindparam("email")))


class Known(Struct, frozen=True):
    """Whose the password is, and the hash that it was held against."""

    user_id: str
    password_hash: str


def authenticate(limits: Limits, email: str, password: str, *, address: str, known_browser: str | None) -> Known | None:
    """Returns the person whose normalized e-mail and password these are, or None.

    Failures are counted, be there such an account or not: for ``known_browser``, the name of one in which the person
    has signed in before; without it for the network address and the account (:mod:`app.limits.table`).
    Raises :class:`app.limits.errors.TooManyAttempts` before the password is looked at.
    The caller may not have begun a transaction, and commits: a hash may have been renewed.
    """
    taken = _take_attempts(limits, email, network_of(address), known_browser)
    with connect(db.engine) as connection:
        row = connection.first(_FIND_PASSWORD, email=email)
    # An unknown account costs the same work as a wrong password.
    if not verify_password(row.password_hash if row else None, password):
        return None
    _give_back(limits, taken)
    if not needs_rehash(row.password_hash):
        return Known(row.id, row.password_hash)
    renewed = hash_password(password)
    # Not where it is another password by now.
    return Known(row.id, renewed) if _renew_hash(row.id, row.password_hash, renewed) else None


def find_person(known: Known) -> User | None:
    """Returns the person, unless they have another password by now. The caller goes on in this transaction.

    It takes a moment to look at a password. Whoever changes it in that moment ends every session, also the next one.
    """
    lock_person(db.session(), known.user_id)
    user = db.session.get(User, known.user_id, populate_existing=True)
    return user if user is not None and user.password_hash == known.password_hash else None


_Taken = list[tuple[Limit, tuple[str, ...]]]


def _take_attempts(limits: Limits, email: str, network: str, known_browser: str | None) -> _Taken:
    # Counted before the password is looked at and given back when it was right: attempts
    # sent all at once would otherwise all be let through before the first had failed.
    if known_browser is not None:
        limits.take(KNOWN_BROWSER_SIGN_INS, known_browser, email)
        return [(KNOWN_BROWSER_SIGN_INS, (known_browser, email))]
    # The narrowest first: one person who keeps trying uses up nothing that others share.
    is_first = limits.take(STRANGER_SIGN_INS, network, email) == 1
    taken: _Taken = [(STRANGER_SIGN_INS, (network, email))]
    for limit, subject in ((ACCOUNT_SIGN_INS, email), (ADDRESS_SIGN_INS, network)):
        try:
            limits.take_loosely(limit, subject, is_first=is_first)
        except TooManyAttempts:
            # Not looked at, so nothing else that is shared has it.
            _give_back(limits, taken[1:])
            raise
        taken.append((limit, (subject,)))
    return taken


def _give_back(limits: Limits, taken: _Taken) -> None:
    for limit, subject in taken:
        limits.give_back(limit, *subject)


def _renew_hash(user_id: str, old: str, new: str) -> bool:
    renewed = update(User).where(User.id == user_id, User.password_hash == old).values(password_hash=new)
    return changed_rows(db.session.execute(renewed)) == 1
