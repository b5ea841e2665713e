"""Everything that is limited: what is counted, for whom, how often in how long.

Two rules hold for every line:

* **What is right is never refused because of what was wrong.** A client's secret, and the token that a client asks
  about, are looked at first; only a failure is counted, and one too many is answered with 429 instead of the error. That
  tells a guesser nothing: whatever is right passes. A code, a refresh token or an access token cannot be guessed
  either, and 429 in place of ``invalid_grant`` or ``invalid_token`` would keep an app behind the same address from
  asking its person anew, so those are not limited.
* **A password costs processor time, so a guess is counted before it is looked at**, and given back when it was right.
  So that nobody is kept out by guesses of others, they are counted for whoever makes them: a browser in which the
  person has signed in before has a count of its own (:mod:`app.accounts.known_browsers`), and no other can use it up.
  All others are counted by address and account together, and loosely by account and by address; over one of these
  loose ones the *first* try of an address at an account still counts, up to ten times as many. So whoever is new in a
  browser gets in with the right password although somebody guesses at the same account elsewhere, or at other
  accounts behind the same address. Every answer is the same whether there is such an account or not.

Beside these :class:`app.limits.calls.Calls` counts the calls of the API with each token, in each process for itself.

An address is an IPv4 address or an IPv6 /64 (:func:`app.limits.networks.network_of`).
"""

from limits import RateLimitItem, RateLimitItemPerSecond
from msgspec import Struct


class Limit(Struct, frozen=True):
    """One line: ``name`` is what metrics call it, ``most`` in ``seconds`` is what is let through."""

    name: str
    most: int
    seconds: int
    item: RateLimitItem


def _limit(name: str, most: int, seconds: int) -> Limit:
    return Limit(name, most, seconds, RateLimitItemPerSecond(most, seconds, namespace=name))


_MINUTE, _QUARTER = 60, 15 * 60

# fmt: off
#                                   name                        most    in         what is counted, for whom
#: Failed client authentications at the token endpoint, introspection and revocation, of one client id from one address.
CLIENT_FAILURES           = _limit("client/failures",             30, _MINUTE)
#: The same, whatever client id they name.
ADDRESS_CLIENT_FAILURES   = _limit("client/failures-of-address", 200, _MINUTE)
#: Tokens that a client asks about (RFC 7662 section 4) and that were never its own, or are gone.
UNKNOWN_TOKENS            = _limit("introspection/unknown",     1000, _MINUTE)
#: Authorization requests of all unknown browsers that wait in the database. More are sent along in the address of the
#: sign-in page. How many of one address wait is counted in their own table.
UNSIGNED_REQUESTS         = _limit("authorize/unsigned",       10000, 10 * _MINUTE)
#: Authorization requests that one confidential client pushes, which an organization registered; and one of the others.
#: A public one has no secret: how many of those wait for one address is counted in their own table.
PUSHED_REQUESTS           = _limit("pushed",                   10000, 10 * _MINUTE)
PUSHED_OF_UNREGISTERED    = _limit("pushed/unregistered",       1000, 10 * _MINUTE)
#: Those of the others together, from one address and from all: anybody may register as many as they like.
PUSHED_OF_NETWORK         = _limit("pushed/network",            3000, 10 * _MINUTE)
PUSHED_BY_STRANGERS       = _limit("pushed/strangers",         50000, 10 * _MINUTE)
#: Requests of devices for a code: of public apps from one address and from all, and of one app's own server.
DEVICE_REQUESTS           = _limit("device/of-address",           60, 10 * _MINUTE)
ALL_DEVICE_REQUESTS       = _limit("device/all",               10000, 10 * _MINUTE)
CLIENT_DEVICE_REQUESTS    = _limit("device/of-client",          5000, 10 * _MINUTE)
#: Codes of devices that one person enters, and that are entered from one address; those that were right do not count.
DEVICE_CODES              = _limit("device/codes",                10, _QUARTER)
ADDRESS_DEVICE_CODES      = _limit("device/codes-of-address",    100, _QUARTER)
#: Passwords, from a browser in which the person has signed in before.
KNOWN_BROWSER_SIGN_INS    = _limit("sign-in/known-browser",       10, _QUARTER)
#: Passwords for one account from one address, all others.
STRANGER_SIGN_INS         = _limit("sign-in/stranger",            10, _QUARTER)
#: The same for one account from all addresses, and from one address for all accounts.
ACCOUNT_SIGN_INS          = _limit("sign-in/account",             50, _QUARTER)
ADDRESS_SIGN_INS          = _limit("sign-in/address",            100, _QUARTER)
#: Codes of an authenticator app, after the password was right, from a browser in which the person has signed in before.
KNOWN_BROWSER_CODES       = _limit("second/known-browser",        10, _QUARTER)
#: The same for one account from one address, all others; from all addresses; and in a day.
STRANGER_CODES            = _limit("second/stranger",              5, _QUARTER)
ACCOUNT_CODES             = _limit("second/account",              20, _QUARTER)
ACCOUNT_CODES_OF_DAY      = _limit("second/account-in-a-day",    100, 96 * _QUARTER)
#: Recovery codes for one account from one address. Nobody guesses one.
RECOVERY_CODES            = _limit("second/recovery",             10, _QUARTER)
#: Filled-in forms of sign-up, whatever comes of them, from one network address. Each sends a letter.
SIGN_UPS                  = _limit("sign-up",                     20, _QUARTER)
#: Changes of address that one person asks for; letters about them to one new address, of one person and, loosely, of all.
ADDRESS_CHANGES           = _limit("address/changes",             10, 60 * _MINUTE)
LETTERS_OF_CHANGER        = _limit("address/letters-of-person",    5, 60 * _MINUTE)
LETTERS_TO_NEW_ADDRESS    = _limit("address/letters",              5, 60 * _MINUTE)
#: Letters with a link for a new password, to one address, whether it has an account or not; and asked for from one network.
#: A link lasts longer than the wait, so whoever is told to wait has one that works.
PASSWORD_LINKS            = _limit("password-link",                3, _QUARTER)
PASSWORD_LINKS_OF_NETWORK = _limit("password-link/network",       20, _QUARTER)
#: Letters to one e-mail address, each kind by itself, so that no stranger uses up what its owner waits for: of sign-ups, of
#: which any will do for whoever reads the mailbox; to an account, to confirm it; and of invitations.
SIGN_UP_LETTERS           = _limit("sign-up/letters",             10, 60 * _MINUTE)
CONFIRMATION_LETTERS      = _limit("address/confirmations",       10, 60 * _MINUTE)
LETTERS_TO_INVITED        = _limit("invitation/to-address",       10, 60 * _MINUTE)
#: Invitations by letter that one person sends.
INVITATION_LETTERS        = _limit("invitation/letters",          50, 60 * _MINUTE)
#: Passwords that somebody chooses for a new account, from one network address. To find out how soon one would be guessed
#: takes a fraction of a second, so they are counted before they are looked at.
CHOSEN_PASSWORDS          = _limit("sign-up/chosen-password",    100, _QUARTER)
#: Passwords for one sign-up, whose link was opened in another browser.
SIGN_UP_PASSWORDS         = _limit("sign-up/password",            10, _QUARTER)
#: Clients that register themselves, from one address (RFC 7591).
REGISTRATIONS             = _limit("registration",                20, 60 * _MINUTE)
#: Client id metadata documents fetched for one person, their logos, and what resource servers say of themselves.
DOCUMENT_FETCHES          = _limit("fetch/document",               5, _MINUTE)
LOGO_FETCHES              = _limit("fetch/logo",                   5, _MINUTE)
PROOF_FETCHES             = _limit("fetch/proof",                  5, _MINUTE)
#: The public keys of one app.
KEYS_FETCHES              = _limit("fetch/keys",                   5, _MINUTE)
#: Changes of one such client by itself (RFC 7592): whoever has it connected is told of each.
REGISTRATION_CHANGES      = _limit("registration/change",         20, 60 * _MINUTE)
#: Uploads of one person, and how often one takes out everything.
UPLOADS                   = _limit("upload",                      60, 60 * _MINUTE)
TAKE_OUTS                 = _limit("take-out",                    20, 60 * _MINUTE)
#: What one person does on the dashboard. An act is in the audit log for good, with what was before and after it.
DASHBOARD_ACTS            = _limit("dashboard/acts",             600, 60 * _MINUTE)
#: Links of invitations that lead nowhere, opened by one person.
UNKNOWN_INVITATIONS       = _limit("invitation/unknown",          20, _QUARTER)
# fmt: on

#: So many times as many are let through as the limit says, for first tries.
FIRST_TRIES = 10
