"""A process that does what execnet has it read: ``python -m tests.forked.worker``."""

import sys

exec(eval(sys.stdin.readline()))
