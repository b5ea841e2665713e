"""How much processor time the hot path takes, as a multiple of a bare Flask route: ``python -m benchmarks``."""
