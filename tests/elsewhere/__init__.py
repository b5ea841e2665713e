"""Clients and suites that others wrote in other languages, run by `make test-clients` before a release."""
