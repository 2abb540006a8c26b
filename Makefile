# make report [PROFILE=quick|standard|full] [DATA=dir] [JOBS=n] · make test · make lab · make bench [DATA=dir]
# make outputs · make clean
# Every target sets up .venv by itself. The same commands without make are in README.md.

PROFILE ?= standard
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

report: $(READY)
	@$(RUN) -m sequtils report --profile $(PROFILE) $(if $(DATA),--data-root "$(DATA)") $(if $(JOBS),--jobs $(JOBS))

# loadfile keeps the cells of one notebook in one process, in their order.
test: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m pytest -n 2 --dist loadfile --nbval tests notebooks

# Runs all notebooks anew with their defaults and keeps the outputs, which the tests compare: after a change that moves them.
outputs: $(READY)
	$(RUN) -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False \
	  "--ExecutePreprocessor.extra_arguments=['--log-level=50']" notebooks/*.ipynb

lab: $(READY)
	$(RUN) -m jupyterlab --notebook-dir notebooks

bench: $(READY)
	@$(RUN) benchmarks/training_speed.py $(if $(DATA),--data-root "$(DATA)")

# Finished trials and parsed data stay in .cache, so that nothing is trained twice; `rm -r .cache` drops them too.
clean:
	rm -rf report/build

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make PYTHON=path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

.PHONY: report test lab bench outputs clean
