"""Passkeys (https://www.w3.org/TR/webauthn-3/): a key pair in a person's device, bound to our address, in place of a password or beside it."""
