"""What the endpoints that programs call have without Flask: a call, a row of the fast door's table, and an answer.

Each endpoint is one function from a :class:`~app.http.direct.call.Call` to a :class:`~app.http.direct.written.Written`
answer. :mod:`app.fast` calls it where it knows a request from its first bytes on, and Flask's view calls the same one.
"""
