"""A port that is about to be closed takes no new connections, so that none is lost with it.

Whatever waits there when the last process closes it, Linux resets. Between a look that finds nothing and the close,
something can come. So the first packet of new ones is dropped before the last look: whoever sent it tries again by
itself a second later, and is refused then, which proxies and libraries know how to take.
"""

import socket
import struct
import sys
from array import array
from contextlib import suppress
from typing import Any

_SO_ATTACH_FILTER = 26
# Instructions of Linux' packet filter, as (code, jump if true, jump if false, value); it begins at the TCP header.
_LOAD_BYTE, _IS_SET, _RETURN = 0x30, 0x45, 0x06
_FLAGS_AT, _SYN = 13, 0x02
_EVERYTHING, _NOTHING = 0xFFFFFFFF, 0
_DROP_FIRST_PACKETS = (
    (_LOAD_BYTE, 0, 0, _FLAGS_AT),
    (_IS_SET, 0, 1, _SYN),
    (_RETURN, 0, 0, _NOTHING),
    (_RETURN, 0, 0, _EVERYTHING),
)


def refuse_new(listener: Any) -> None:
    """Let no new connection come about at this port, in any process that holds it. Elsewhere than on Linux, nothing."""
    if sys.platform != "linux" or listener.family == socket.AF_UNIX:
        return
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _DROP_FIRST_PACKETS)
    kept = array("B", program)
    address, _length = kept.buffer_info()
    # Where it is forbidden, a connection may be lost in the moment of closing.
    with suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HP", len(_DROP_FIRST_PACKETS), address),
        )
