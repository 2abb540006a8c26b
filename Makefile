# make report [PROFILE=short|quick|standard|full] [DATA=dir] [DATASETS=cv] [JOBS=n] · make lab · make test
# make test-slow · make test-browser · make bench [DATA=dir] · make setup · make outputs · make clean
# Each is `python -m sequtils` with the same name, which does it all without make; the first one sets up .venv.

# The Python of .venv; else the newest suitable one; else uv, which brings that of .python-version.
# PYTHON=path/to/python overrides.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
NAMES := .venv/bin/python python3.14 python3.13 python3.12 python3.11 python3
FOUND = $(shell for p in $(NAMES); do $$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && exit; done; \
                command -v uv >/dev/null && echo uv run --no-project python)
NONE = No Python 3.11 to 3.14 with venv and pip. Install one and say make PYTHON=path/to/python, or install uv, which brings one
PYTHON ?= $(or $(FOUND),$(error $(NONE)))

# One word of the shell, whatever it holds.
quoted = '$(subst ','\'',$(1))'
report: OPTIONS = $(if $(PROFILE),--profile $(call quoted,$(PROFILE))) $(if $(DATA),--data-root $(call quoted,$(DATA))) \
                  $(if $(JOBS),--jobs $(call quoted,$(JOBS))) $(if $(DATASETS),--datasets $(DATASETS))
bench: OPTIONS = $(if $(DATA),--data-root $(call quoted,$(DATA)))

COMMANDS = report setup test test-slow test-browser lab bench outputs clean
$(COMMANDS):
	@$(PYTHON) -m sequtils $@ $(OPTIONS)

.PHONY: $(COMMANDS)
