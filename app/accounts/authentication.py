"""Whether a password is the person's, asked in a way that tells nobody who has an account."""

from sqlalchemy import bindparam, select, update

from app.accounts.models import User
from app.accounts.passwords import hash_password, needs_rehash, verify_password
from app.database.connections import connect
from app.database.statements import Statement
from app.extensions import db
from app.limits.attempts import (
    SIGN_IN_PER_ACCOUNT,
    SIGN_IN_PER_ADDRESS,
    TooManyAttempts,
    give_back_attempt,
    network_of,
    take_attempt,
)

_FIND_PASSWORD = Statement(select(User.id, User.password_hash).where(User.email == bindparam("email")))


def authenticate(email: str, password: str, *, address: str) -> str | None:
    """The id of the person whose normalized e-mail and password these are, or None.

    Failures are counted for the account, be there one or not, and for the network address.
    Raises :class:`app.limits.attempts.TooManyAttempts` before the password is looked at.
    The caller may not have begun a transaction, and commits: a hash may have been renewed.
    """
    _take_attempts(email, address)
    with connect(db.engine) as connection:
        row = connection.first(_FIND_PASSWORD, email=email)
    # An unknown account costs the same work as a wrong password.
    if not verify_password(row.password_hash if row else None, password):
        return None
    _give_back_attempts(email, address)
    if needs_rehash(row.password_hash):
        _renew_hash(row.id, hash_password(password))
    return row.id


def _take_attempts(email: str, address: str) -> None:
    # Counted before the password is looked at and given back when it was right: attempts
    # sent all at once would otherwise all be let through before the first had failed.
    take_attempt(SIGN_IN_PER_ADDRESS, network_of(address))
    try:
        take_attempt(SIGN_IN_PER_ACCOUNT, email)
    except TooManyAttempts:
        # One person who keeps trying must not use up what others behind the same address have.
        give_back_attempt(SIGN_IN_PER_ADDRESS, network_of(address))
        raise


def _give_back_attempts(email: str, address: str) -> None:
    give_back_attempt(SIGN_IN_PER_ADDRESS, network_of(address))
    give_back_attempt(SIGN_IN_PER_ACCOUNT, email)


def _renew_hash(user_id: str, password_hash: str) -> None:
    db.session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
