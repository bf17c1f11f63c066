# Everything one does here, each by one word. `make demo` runs the whole thing for real, `make test` proves it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := demo
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
APT := $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
# What the tests run for real besides the folder .demo/pbx, which they make themselves.
PACKAGES := chromium curl dbus dunst espeak-ng faketime ffmpeg firefox-esr fonts-dejavu-core gcc imagemagick iproute2 krb5-kdc krb5-admin-server \
  krb5-user ldap-utils libc6-dev libfaketime libkrb5-dev mmdebstrap mosquitto openbox postgresql python3-dev python3-ldap3 slapd sox strace tshark x11-utils xdotool xfce4-notifyd xvfb

.PHONY: demo test check bench soak screenshots sounds deb lock packages programs

demo: .venv/for-demo ## the whole town hall: Asterisk, groupware, telephones, daemon
	@exec $(BIN)/ami-bridge demo

# Tests wait more than they compute: more workers than cores. tests/turns.py says who runs what.
WORKERS ?= 4
test: .venv/for-tests packages programs ## all tests, against real parts
	@$(AS_ROOT) env AMI_BRIDGE_PICTURES="$${AMI_BRIDGE_PICTURES:-}" $(BIN)/python -m pytest -n $(WORKERS)

check: .venv/for-tests ## format, lint, types, directions of imports, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: .venv/for-tests packages programs ## figures against peers and limits
	@$(AS_ROOT) $(BIN)/python -m bench

soak: .venv/for-tests packages programs ## the long forms of the tests
	@$(AS_ROOT) env AMI_BRIDGE_SOAK=1 $(BIN)/python -m pytest --timeout 7200

screenshots: .venv/for-tests packages programs ## every screen as a picture, in both languages, light and dark, wide and narrow
	@$(AS_ROOT) $(BIN)/python -m tests.page.screenshots
	@$(AS_ROOT) $(BIN)/python -m tests.real.screenshots

sounds: .venv/for-demo ## speak the texts of sounds/make.py anew, and make the alarm sounds of sounds/synthesis.py
	@command -v espeak-ng sox >/dev/null || { $(APT) update; $(APT) install --no-install-recommends espeak-ng sox; }
	@$(BIN)/python -m sounds.make --again

deb: .venv/for-demo ## the Debian package of the desktop part, in dist/
	@$(BIN)/python -m ami_bridge.desktop.package.deb dist

# The lock files name versions and hashes, never an address: give an index by the environment (UV_DEFAULT_INDEX).
EXTRAS := --extra demo --extra desktop --extra modbus --extra opcua --extra postgres
LOCK := compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml
lock: ## new versions of everything we depend on
	@test -x .venv/uv/bin/uv || { $(PYTHON) -m venv .venv/uv && .venv/uv/bin/pip install --quiet uv; }
	.venv/uv/bin/uv pip $(LOCK) --upgrade $(EXTRAS) -o requirements.txt
	.venv/uv/bin/uv pip $(LOCK) --upgrade $(EXTRAS) --group dev -o requirements-dev.txt
	echo 'gssapi>=1.9' | .venv/uv/bin/uv pip $(subst pyproject.toml,-,$(LOCK)) --upgrade -o requirements-kerberos.txt

# ---- What the words above need

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) was found (PYTHON=… names another)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Installing python3-venv …"; $(APT) update; $(APT) install --no-install-recommends python3-venv; }
	@$(PYTHON) -m venv .venv

.venv/for-demo: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing what the demo needs into .venv …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --no-deps -e .
	@touch $@
	@$(call give,.venv)

.venv/for-tests: requirements-dev.txt pyproject.toml | .venv/bin/python
	@echo "Installing what the tests need into .venv …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --no-deps -e .
	@touch $@
	@$(call give,.venv)

# Compiled here, against the machine's own Kerberos; it is only called a few times, so it need not be fast.
.venv/for-kerberos: requirements-kerberos.txt .venv/for-tests | packages
	@echo "Building what reads Kerberos tickets …"
	@CFLAGS="-O0 -g0" $(BIN)/pip install --quiet --require-hashes -r requirements-kerberos.txt
	@touch $@
	@$(call give,.venv)

# Under sudo everything made here still belongs to the person who called.
give = $(if $(SUDO_UID),chown -R $(SUDO_UID):$(SUDO_GID) $(1),:)

# Asterisk and the telephones, and a groupware that sends invitations; before the tests, whose time limits do not count downloads.
programs: .venv/for-tests .venv/for-kerberos packages
	@$(AS_ROOT) $(BIN)/python -m ami_bridge.demo.programs .demo/pbx
	@$(AS_ROOT) $(BIN)/python -m tests.dav.cyrus .demo/cyrus

packages:
	@missing=(); for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${db:Status-Abbrev}' "$$package" 2>/dev/null | grep -q '^ii' || missing+=("$$package"); done; \
	if (( $${#missing[@]} )); then \
	  echo "Installing $${missing[*]} …"; \
	  echo 'slapd slapd/no_configuration boolean true' | $(AS_ROOT) debconf-set-selections; \
	  $(APT) update >/dev/null; $(APT) install --no-install-recommends "$${missing[@]}" >/dev/null; \
	fi
