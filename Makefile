# Windhover: what there is to do. `make` alone lists it.

# One build for everything: tests run what ships, and a second configuration would double the time.
export WINDHOVER_STRICT := 1
SWIFT_FLAGS := -c release
WINDHOVER := .build/release/windhover

.DEFAULT_GOAL := help
.PHONY: help demo test test-training test-dashboard build serve lint format bench bootstrap clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: build ## Fly a simulated drone along a running server and show what it saw
	@scripts/demo

test: lint ## Everything that CI checks: format, build without warnings, all tests
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test $(SWIFT_FLAGS) --skip-build
	@scripts/test-training
	@scripts/test-dashboard
	@scripts/check-docs

test-training: ## Only the training package: style and tests
	@scripts/test-training

test-dashboard: build ## Only the dashboard, in headless Chromium
	@scripts/test-dashboard

build: bootstrap ## The program, .build/release/windhover
	@swift build $(SWIFT_FLAGS) --product windhover

serve: build ## Run the service on http://127.0.0.1:8080
	@$(WINDHOVER) serve

lint: bootstrap ## Check format and style
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## Put the sources in order
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

bench: build ## Where a frame's time goes, and which goals are met
	@$(WINDHOVER) bench

bootstrap: ## Install what is missing to build
	@scripts/bootstrap

clean: ## Remove what was built (not what was installed)
	@rm -rf .build demo
