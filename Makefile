# SPDX-License-Identifier: MIT
# The face of the build. Everything real is in CMakeLists.txt and tools/.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 20
NIGHT_FUZZ_SECONDS ?= 600
# Where the applications listen.
LANDING_PORT ?= 8080
ESP32_PORT ?= $(or $(PORT),5000)
SV30_PORT ?= 4000
CARECHAT_PORT ?= 5001
HOSPITAL_PORT ?= 5002
DESKPULSE_PORT ?= 5003
DATA_DIR ?= data

TOOLS = cc:build-essential cmake:cmake ninja:ninja-build \
  pkg-config:pkg-config node:nodejs npm:npm

# $(call built,TARGET...): these of the release build, and nothing else.
define built
@mkdir -p build
@cmake --preset release -DCMAKE_INSTALL_PREFIX='$(PREFIX)' \
  >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
@cmake --build --preset release --target $(1)
endef

.PHONY: build run test nightly interop bench fuzz install deb dist musl clean \
  help needed docs

help:
	@echo 'make build     the programs, in build/release/bin'
	@echo 'make run       every application with simulated devices, and a page that'
	@echo '               leads to them: http://localhost:8080/'
	@echo 'make test      every test in every configuration'
	@echo 'make nightly   the long ones: every suite on poll(2), stress, long fuzz'
	@echo 'make interop   clients in Java, Go and Rust; installs what they need'
	@echo 'make bench     Peal, its peers and the floor, in one run'
	@echo 'make fuzz      every fuzz target for FUZZ_SECONDS=20'
	@echo 'make install   PREFIX=/usr/local DESTDIR='
	@echo 'make deb       Debian packages, in build/packages'
	@echo 'make dist      the source as a tarball, and SHA256SUMS, there, too'
	@echo 'make musl      what needs no library, built on musl and tried'
	@echo 'make clean     remove build/'

front = apps/hospital/front

build: node_modules/.lock-sum $(front)/node_modules/.lock-sum
	$(call built,peal_all)

needed:
	@tools/need.sh $(TOOLS)

node_modules/.lock-sum: package.json package-lock.json | needed
	@tools/npm_ci.sh .

$(front)/node_modules/.lock-sum: $(front)/package.json $(front)/package-lock.json | needed
	@tools/npm_ci.sh $(front)

# What it starts and what that reads; tests/checks/run_target.sh holds it.
run:
	@tools/install.sh run
	$(call built,peal_apps peal_assets)
	@LANDING_PORT=$(LANDING_PORT) ESP32_PORT=$(ESP32_PORT) \
	  SV30_PORT=$(SV30_PORT) CARECHAT_PORT=$(CARECHAT_PORT) \
	  HOSPITAL_PORT=$(HOSPITAL_PORT) DESKPULSE_PORT=$(DESKPULSE_PORT) \
	  exec tools/run_apps.sh build/release/bin '$(DATA_DIR)'

test:
	@tools/install.sh test
	@exec tools/run_tests.py

nightly:
	@tools/install.sh test
	@exec tools/nightly.sh $(NIGHT_FUZZ_SECONDS)

interop:
	@tools/install.sh test
	$(call built,peal-e2e-fixture)
	@exec nice -n 10 tools/interop.sh

bench:
	@tools/install.sh bench
	@$(MAKE) --no-print-directory build
	@exec bench/run

# The documentation as a site: build/site/index.html.
docs:
	@tools/install.sh run
	@tools/npm_ci.sh docs/site
	@node docs/site/build.mjs

fuzz:
	@tools/install.sh test
	@exec tools/run_fuzz.sh $(FUZZ_SECONDS)

install: build
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)'

# A build of its own: the programs know the prefix /usr.
deb: node_modules/.lock-sum $(front)/node_modules/.lock-sum
	@tools/install.sh run
	@cmake --preset release -B build/deb -DCMAKE_INSTALL_PREFIX=/usr \
	  -DPEAL_TESTS=OFF >build/configure.log 2>&1 || \
	  { cat build/configure.log; exit 1; }
	@cmake --build build/deb --target peal_all
	@tools/make_deb.py build/deb build/packages

dist:
	@tools/make_dist.sh build/packages

musl:
	@tools/install.sh test
	@tools/musl.sh build/musl

clean:
	@rm -rf build
