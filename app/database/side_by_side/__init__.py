"""Several answers at once in one thread, on PostgreSQL: what they ask goes there in one piece, and is waited for once.

To send a statement, to fall asleep and to be woken up costs a quick answer more than the statement itself, and PostgreSQL
as much again. So a worker begins all requests that it finds at once. Each runs until it asks for something; then the
next one does. When all have asked, they are asked for together, and each goes on with what is its own.

Nothing else is shared. Every statement that writes is a transaction of its own, as ever. One that has to wait for a lock
is given up after a moment, so that nobody waits with it; what failed or was given up has left nothing behind, and is asked
once more by itself. So is whatever is more than a statement. Code that may run like this holds no lock while it asks.
"""
