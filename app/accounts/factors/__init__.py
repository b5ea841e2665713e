"""What a person can show beside the password: a passkey, a code of an authenticator app, or a recovery code.

Any one of them is the second factor; who has several chooses at each sign-in. Recovery codes are only there for who has
one of the others, and are no reason to be asked by themselves.
"""

#: Whoever showed one of these has shown two things: a passkey is a device and what opens it.
SECOND = frozenset({"passkey", "totp", "recovery"})
