# Every target sets up what it needs by itself; `make` alone lists them.

SWIFT_FLAGS := --explicit-target-dependency-import-check error
SWIFT_FILES := Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help demo test format build python setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build python ## build slipway and play the demo (ARGS=--fast for a short one)
	@.build/debug/slipway demo $(ARGS)

test: setup python ## check the format, build without warnings, run every test
	@Scripts/test

format: ## format every Swift file in place
	@swift format --in-place --recursive --parallel $(SWIFT_FILES)

build: setup ## build .build/debug/slipway
	@swift build --product slipway $(SWIFT_FLAGS)

python: setup ## make .python with Envoy and what the model servers need
	@Scripts/python-environment --mlserver

setup: ## install the Debian packages that are missing
	@Scripts/setup
