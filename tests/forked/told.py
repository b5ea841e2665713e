"""Does what it is told: ``python -m tests.forked.told PROGRAM``."""

import sys

exec(sys.argv[1])
