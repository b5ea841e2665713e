"""What takes minutes: clusters, faults and soaks, run by `make test-fleet` before a release."""
