# What a fresh clone needs to run and to be tested: Python 3.11 or newer, make, and nothing else.
#
#   make run     the server on http://127.0.0.1:$PORT (8000); settings come from the environment
#   make test    every test; TEST_DATABASE=postgresql runs them on PostgreSQL instead of SQLite
#   make check   what the linter, the formatter and the type checker say
#   make test-databases
#                what depends on a database on PostgreSQL too, under LOCALE; what compares text, by code point as well.
#                After make test it leaves out tests whose statements enough others send; TEST_EVERYTHING=1 runs them
#                too, and fails where one of them alone sends something: before a release
#   make test-fleet
#                clusters, faults and soaks, which take long: before a release
#   make test-clients
#                clients and suites that others wrote in other languages (needs Node.js and npm): before a release
#   make lock    resolve the dependencies of pyproject.toml anew (needs uv)
#   make help    what stands here

PYTHON ?= python3
VENV := .venv
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml

# How PostgreSQL compares text where nobody says: as its databases usually do.
LOCALE ?= en_US.UTF-8

# The tests start many processes, and one that may not keep what it has compiled compiles the app each time.
unexport PYTHONDONTWRITEBYTECODE

# Two workers more than a small machine has cores: many tests wait for a server. They take tests from each other, so that
# no file decides the end.
PYTEST = $(VENV)/bin/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS)
# Where REPORTS names a folder, a report of each run is put there.
report = $(if $(REPORTS),--junitxml=$(REPORTS)/$(1).xml)

# What the linter and the formatter look at.
CHECKED := app tests benchmarks wsgi.py

.PHONY: run test test-databases test-fleet test-clients check lock help installed-to-run installed-to-test

run: installed-to-run
	@exec $(VENV)/bin/python -m app.demonstration.local

test: installed-to-test
	@TEST_STATEMENTS=note exec $(PYTEST) $(call report,sqlite)

test-databases: installed-to-test
	@TEST_DATABASE=postgresql TEST_POSTGRESQL_LOCALE=$(LOCALE) TEST_STATEMENTS=$(if $(TEST_EVERYTHING),compare,choose) \
		$(PYTEST) -m "database and not browser" $(call report,$(LOCALE))
	@TEST_DATABASE=postgresql TEST_POSTGRESQL_LOCALE=C.UTF-8 TEST_STATEMENTS=$(if $(TEST_EVERYTHING),,again) \
		$(PYTEST) -m "compares_text and not browser" $(call report,C.UTF-8)

test-fleet: installed-to-test
	@TEST_FLEET=1 $(VENV)/bin/python -m pytest tests/fleet $(PYTEST_ARGS) $(call report,fleet)
	@TEST_FLEET=1 TEST_DATABASE=postgresql $(VENV)/bin/python -m pytest tests/fleet/test_each_statement.py \
		$(PYTEST_ARGS) $(call report,fleet-postgresql)

test-clients: installed-to-test
	@TEST_CLIENTS=1 $(VENV)/bin/python -m pytest tests/elsewhere tests/mcp/test_python_client.py \
		tests/journeys/test_client_libraries.py $(PYTEST_ARGS) $(call report,clients)

check: installed-to-test
	@$(VENV)/bin/ruff check $(CHECKED)
	@$(VENV)/bin/ruff format --check $(CHECKED)
	@$(VENV)/bin/mypy

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

lock:
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -o requirements-dev.lock

# Both sets live in one environment: requirements-dev.lock holds everything of requirements.lock, in the same
# versions. A copy of what was installed last tells whether anything is to be done.
installed-to-run:
	@$(call is_installed,requirements.lock) || ( $(call install,requirements.lock,requirements.lock) )

installed-to-test:
	@$(call is_installed,requirements-dev.lock) || \
		( $(call install,requirements-dev.lock,requirements.lock requirements-dev.lock) )

is_installed = test -x $(VENV)/bin/python && cmp -s $(1) $(VENV)/$(1)

# $(1) is what to install, $(2) what is installed thereby. Only one runs at a time, also when two commands were
# started in one fresh clone; the one that had to wait finds the work done.
define install
{ $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Reliquary needs Python 3.11 or newer, and '$(PYTHON)' is not; name one, as in: make PYTHON=python3.12" >&2; \
	exit 1; }; } && \
{ $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "'$(PYTHON)' lacks the module venv; install it, on Debian with: apt-get install python3-venv" >&2; \
	exit 1; }; } && \
$(PYTHON) -c 'import fcntl, subprocess, sys; lock = open("Makefile", "r+"); fcntl.flock(lock, fcntl.LOCK_EX); \
	sys.exit(subprocess.call(sys.argv[1:]))' sh -ec ' \
		$(call is_installed,$(1)) && exit; \
		echo "Installing $(1) into $(VENV), which happens only when it has changed."; \
		$(VENV)/bin/python -c "import pip" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV); \
		rm -f $(VENV)/*.lock; \
		$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $(1); \
		cp $(2) $(VENV)/'
endef
