"""How long a connection may take for what, and how much it may keep here meanwhile."""

#: Seconds for the head of a request, from the connection or from its first byte.
HEAD_SECONDS = 10
#: Seconds for a body, and for whoever reads an answer; each byte that came or went through adds to it.
BODY_SECONDS = 10
SLOWEST_BYTES_A_SECOND = 2000
#: Seconds after our last word in which what still comes is read, so that the last word is not lost (RFC 9112
#: section 9.6): of silence, and in all.
LINGER_SILENCE, LINGER_SECONDS = 2, 20

#: The most bytes of a head: the longest request line, and as many again for the headers.
LARGEST_HEAD = 128 * 1024
#: The most bytes of a body that are waited for; no other door takes as many.
LARGEST_BODY = 24 * 1024 * 1024
#: The same where people bring files, and how a request begins that does. A test holds it against what the page takes.
LARGEST_UPLOAD = 52 * 1024 * 1024
UPLOAD_BEGINS = b"POST /account/memories/bring/ "
#: The most bytes of one body that stay in memory, and of all of one process that lie on disk.
BODY_IN_MEMORY, BODIES_ON_DISK = 256 * 1024, 1024 * 1024 * 1024
#: The most bytes of an answer that wait in memory for whoever reads it slowly, of one that wait on disk, and of all of
#: one process. What is more goes at its reader's pace, for which so many threads may wait; the next one takes more of
#: the disk, and is cut off where there is none.
ANSWER_IN_MEMORY, ANSWER_ON_DISK, ANSWERS_ON_DISK = 256 * 1024, 64 * 1024 * 1024, 1024 * 1024 * 1024
MOST_WAITING = 2

#: Seconds for which the thread that runs the loop may be at an answer before another one runs it: more than these, and
#: less than twice as many.
LONG_ANSWER_SECONDS = 0.006
#: Seconds after which an answer of that thread is a slow one, how many of them more than others are too many, and
#: seconds between two that are tried while there are too many.
SLOW_SECONDS, MANY_SLOW, TRY_SECONDS = 0.005, 16, 0.1
#: The most requests that are answered side by side: the last of them waits for all.
MOST_TOGETHER = 8

#: Connections at the management port.
MANAGEMENT_CONNECTIONS = 64
MANAGEMENT_THREADS = 4

#: The share of gunicorn's grace in which a server that stops still takes connections and waits for requests on open
#: ones; and seconds for those whose request has begun by then.
STOP_WINDOW, STOP_HEAD_SECONDS = 1 / 20, 2
#: Seconds for a connection to come about that the other side has begun.
HANDSHAKE_SECONDS = 0.1
#: Seconds of both when somebody is waiting (Ctrl-C): the window, and everything.
HURRIED_WINDOW, HURRIED_SECONDS = 0.5, 1.5
#: Seconds at the very end for those who have their answer to hang up.
LAST_SECONDS = 0.5


def allowed_seconds(moved: int) -> float:
    """Returns how long it may have taken until so many bytes came or went through."""
    return BODY_SECONDS + moved / SLOWEST_BYTES_A_SECOND
