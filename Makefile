# `make up` sets everything up and starts it; `make test` proves it.
VENV := .venv
VOXHALL := $(VENV)/bin/voxhall
PROFILE := $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)

.PHONY: up test models check bench lock sbom audit clean

up: $(VENV)/installed
	@$(VENV)/bin/python scripts/download_models.py --profile $(PROFILE)
	@$(VOXHALL) up

# In the order of the folders: the long ones, which start the product, come early.
test: check
	@$(VENV)/bin/python scripts/download_models.py --profile cpu
	$(VENV)/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

models: $(VENV)/installed
	@$(VENV)/bin/python scripts/download_models.py --profile $(PROFILE)

check: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/tested
	$(VENV)/bin/python -m bench

# What the image is made of: after a change of pyproject.toml or constraints.txt.
lock: $(VENV)/tested
	PATH=$(abspath $(VENV))/bin:$$PATH $(VENV)/bin/python -m scripts.lock
	$(VENV)/bin/python -m scripts.sbom

sbom: $(VENV)/tested
	$(VENV)/bin/python -m scripts.sbom

audit: $(VENV)/tested
	$(VENV)/bin/python -m scripts.audit

$(VENV)/installed: pyproject.toml constraints.txt requirements-no-deps.txt scripts/install.sh
	@scripts/install.sh $(VENV)
	@touch $@

$(VENV)/tested: $(VENV)/installed
	@scripts/install.sh $(VENV) test
	@touch $@

clean:
	rm -rf $(VENV)
