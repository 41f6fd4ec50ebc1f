# SPDX-License-Identifier: MIT
# The face of the build. Everything real is in CMakeLists.txt and tools/.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 20
PORT ?= 5000
DATA_DIR ?= data

.PHONY: build run test bench fuzz install clean help

help:
	@echo 'make build     the programs, in build/release/bin'
	@echo 'make run       the ESP32 dashboard with simulated devices (PORT=5000)'
	@echo 'make test      every test in every configuration'
	@echo 'make bench     Peal, its peers and the floor, in one run'
	@echo 'make fuzz      every fuzz target for FUZZ_SECONDS=20'
	@echo 'make install   PREFIX=/usr/local DESTDIR='
	@echo 'make clean     remove build/'

build: node_modules/.lock-sum
	@cmake --preset release -DCMAKE_INSTALL_PREFIX='$(PREFIX)' >build-release.log 2>&1 \
	  || { cat build-release.log; exit 1; }
	@mv build-release.log build/release/configure.log
	@cmake --build --preset release

node_modules/.lock-sum: package.json package-lock.json
	@tools/npm_ci.sh .

run:
	@tools/install.sh run
	@$(MAKE) --no-print-directory build
	@mkdir -p '$(DATA_DIR)'
	@exec build/release/bin/peal-esp32 --port $(PORT) --simulate 3 \
	  --data-dir '$(DATA_DIR)'

test:
	@tools/install.sh test
	@exec tools/run_tests.py

bench:
	@tools/install.sh bench
	@$(MAKE) --no-print-directory build
	@exec bench/run

fuzz:
	@tools/install.sh test
	@exec tools/run_fuzz.sh $(FUZZ_SECONDS)

install: build
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)'

clean:
	@rm -rf build
