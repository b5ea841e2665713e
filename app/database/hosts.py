"""Several hosts in one DATABASE_URL: one that says nothing does not keep us from the next."""

import queue
import random
import threading
from collections.abc import Callable
from typing import Any

from app.database.postgresql import PostgresqlConnection

#: Seconds after which the next host is asked beside one that has not answered.
_PATIENCE_WITH_ONE = 0.4

_Make = Callable[[dict[str, Any]], PostgresqlConnection]


def connect_to_first(parameters: dict[str, Any], make: _Make) -> PostgresqlConnection:
    """Returns a connection to the first host that takes it, in their order. Raises what the last one raised."""
    hosts = split_hosts(parameters)
    if len(hosts) == 1:
        return make(parameters)
    return _Race(make).run(hosts)


def split_hosts(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the parameters for each host alone; all together where only libpq knows in which order they are asked."""
    hosts = str(parameters.get("host", "")).split(",")
    ports = str(parameters.get("port", "")).split(",")
    if len(hosts) < 2 or parameters.get("hostaddr") or parameters.get("target_session_attrs") == "prefer-standby":
        return [parameters]
    if len(ports) == 1:
        ports *= len(hosts)
    # Whatever connects first must be one that we can write to.
    others = {"target_session_attrs": "read-write", **parameters}
    others = {name: value for name, value in others.items() if name not in ("host", "port", "load_balance_hosts")}
    split = [
        {**others, "host": host, **({"port": port} if port else {})} for host, port in zip(hosts, ports, strict=True)
    ]
    if parameters.get("load_balance_hosts") == "random":
        random.shuffle(split)
    return split


class _Race:
    """Connections that are being made, each by a thread of its own; the first that is made is taken."""

    def __init__(self, make: _Make) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._is_over = False
        self._results: queue.SimpleQueue[PostgresqlConnection | Exception] = queue.SimpleQueue()

    def run(self, hosts: list[dict[str, Any]]) -> PostgresqlConnection:
        """Returns the winner. Raises the last error when there is none."""
        waiting, running = list(hosts), 0
        while True:
            if waiting:
                threading.Thread(target=self._try, args=(waiting.pop(0),), name="database-host", daemon=True).start()
                running += 1
            try:
                result = self._results.get(timeout=_PATIENCE_WITH_ONE if waiting else None)
            except queue.Empty:
                continue
            running -= 1
            if not isinstance(result, Exception):
                return result
            if not waiting and not running:
                raise result

    def _try(self, host: dict[str, Any]) -> None:
        try:
            made = self._make(host)
        except Exception as error:
            self._results.put(error)
            return
        with self._lock:
            is_late, self._is_over = self._is_over, True
        if is_late:
            made.close()
        else:
            self._results.put(made)
