"""Another e-mail address for an account, confirmed by its mailbox; and what a mailbox takes back within a week.

That is the address itself, and the first second step at sign-in, which would keep whoever has not set it up out for good.
"""
