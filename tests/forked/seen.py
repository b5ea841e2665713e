"""Prints what a process finds when it begins, after what it is to import: ``python -m tests.forked.seen MODULE …``."""

import gc
import json
import locale
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any


def look_at_the_process() -> dict[str, Any]:
    main = sys.modules["__main__"]
    return {
        "arguments": [sys.argv, sys.orig_argv, sys.path, sys.flags, main.__name__, main.__file__, main.__spec__.name],
        "environ": dict(os.environ),
        "folder": os.getcwd(),
        "files": sorted(int(file) for file in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{file}")),
        "relatives": [os.getppid(), os.getpgid(0), os.getsid(0)],
        "rights": [os.getpriority(os.PRIO_PROCESS, 0), os.umask(0o22), Path("/proc/self/limits").read_text()],
        "signals": [
            {str(one): str(signal.getsignal(one)).partition(" at ")[0] for one in signal.valid_signals()},
            str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
            signal.getitimer(signal.ITIMER_REAL),
        ],
        "threads": [threading.active_count(), threading.main_thread() is threading.current_thread()],
    }


def look_at_the_interpreter() -> dict[str, Any]:
    loggers = [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    return {
        "streams": [
            [one.fileno(), one.isatty(), one.encoding, one.errors, one.line_buffering, one.write_through, one.newlines]
            for one in (sys.stdin, sys.stdout, sys.stderr)
        ],
        "locale": [locale.setlocale(locale.LC_ALL), locale.getencoding(), sys.getfilesystemencoding()],
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() > 0, gc.get_debug(), len(gc.callbacks)],
        "tempfile": tempfile.tempdir,
        "warnings": [str(one) for one in warnings.filters],
        "logging": sorted(
            [one.name, one.level, str(one.handlers), one.disabled, one.propagate] for one in (logging.root, *loggers)
        ),
        "random": random.random(),
        "modules": sorted(sys.modules),
    }


if __name__ == "__main__":
    for _name in sys.argv[1:]:
        import_module(_name)
    json.dump(look_at_the_process() | look_at_the_interpreter(), sys.stdout)
