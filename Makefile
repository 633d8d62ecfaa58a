# Every target sets up what it needs by itself; `make` alone lists them.

SWIFT_FLAGS := --explicit-target-dependency-import-check error
SWIFT_FILES := Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help demo test format build setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## build slipway and play the demo
	@.build/debug/slipway demo

test: setup ## check the format, build without warnings, run every test
	@Scripts/test

format: ## format every Swift file in place
	@swift format --in-place --recursive --parallel $(SWIFT_FILES)

build: setup ## build .build/debug/slipway
	@swift build --product slipway $(SWIFT_FLAGS)

setup: ## install the Debian packages that are missing
	@Scripts/setup
