"""A proxy on loopback that adds a bearer token to what it passes on: the conformance suite has none of its own.

It also calls a tool of ours where the suite calls one of its own, so that what the suite checks of any tool is checked.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

#: What belongs to one hop alone.
_HOPS = frozenset(("connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"))


@contextmanager
def bearer_proxy(server_url: str, access_token: str, tools: Mapping[str, str]) -> Iterator[str]:
    """The address of the proxy. ``tools`` has our tool for each of the suite's.

    Everything else goes through unchanged, also ``Host`` and ``Origin``.
    """
    upstream = urlsplit(server_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = _rename(self.rfile.read(int(self.headers.get("Content-Length") or 0)), tools)
            connection = HTTPConnection(upstream.hostname, upstream.port, timeout=30)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOPS:
                    connection.putheader(name, tools.get(value, value) if name.lower() == "mcp-name" else value)
            connection.putheader("Authorization", f"Bearer {access_token}")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _HOPS:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_DELETE = do_OPTIONS = pass_on

        def log_message(self, *_args) -> None:
            """Say nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def _rename(body: bytes, tools: Mapping[str, str]) -> bytes:
    try:
        message = json.loads(body)
        message["params"]["name"] = tools[message["params"]["name"]]
    except (ValueError, KeyError, TypeError):
        return body
    return json.dumps(message).encode()
