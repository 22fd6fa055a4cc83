# The front door. `make demo` shows the product, `make test` checks it; both set up a fresh Debian
# machine first. The build itself is CMakeLists.txt.
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.PHONY: help setup configure build demo test quick check bench size coverage asan integer mission \
    attacks fuzz long install clean
.NOTPARALLEL:

help:
	@echo 'make demo      build, then play one owner pairing and a day of taps in a terminal'
	@echo 'make test      build everything, run all tests and checks'
	@echo 'make mission   the mission, line by line, with the result of the last test run'
	@echo 'make attacks   the attacks, row by row, with the result of the last test run'
	@echo 'make build     build/latchkey, the command-line program'
	@echo 'make check     the rules of the house: who includes whom, style, stack'
	@echo 'make bench     performance against references measured in the same run'
	@echo 'make size      code and RAM of the three libraries with BearSSL'
	@echo 'make asan      all tests under the address and undefined-behaviour sanitizers'
	@echo 'make integer   tests and fuzz replays under the integer-conversion sanitizers of clang'
	@echo 'make coverage  lines and branches of src/ by the tests; fails below the claim'
	@echo 'make fuzz      every fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make long      the tests with their long counts (hours)'
	@echo 'make install   libraries, headers and program to PREFIX=$(PREFIX) (DESTDIR respected)'
	@echo 'make clean     remove the build folders'

setup:
	@sh tools/setup

configure: setup
	@mkdir -p $(BUILD)
	@cmake --preset dev -B $(BUILD) >$(BUILD)/configure.log 2>&1 || \
	    { cat $(BUILD)/configure.log; exit 1; }

build: configure
	@cmake --build $(BUILD) --target latchkey

demo: build
	@$(BUILD)/latchkey demo

quick: configure
	@cmake --build $(BUILD)
	@rm -rf $(BUILD)/test-results
	@cd $(BUILD) && ctest -j2 --output-on-failure --no-tests=error

test: quick check
	@sh tools/check_clang
	@echo 'make mission and make attacks print what these tests show.'

check:
	@python3 tools/check_rooms
	@python3 tools/check_style
	@python3 tools/exit_codes --check
	@python3 tools/cert_forms --check
	@python3 tools/check_stack

bench: configure
	@cmake --build $(BUILD) --target bench latchkey
	@$(BUILD)/bench $(BUILD)/latchkey

size: setup
	@sh tools/size

mission:
	@python3 tools/mission mission $(BUILD)/test-results

attacks:
	@python3 tools/mission attacks $(BUILD)/test-results

asan: setup
	@cmake --preset asan >/dev/null
	@cmake --build build-asan
	@cd build-asan && ctest -j2 --output-on-failure --no-tests=error -E '^ct\.|host_memory'

# The row PR15 of `make attacks` reads its result.
integer: setup
	@cmake --preset integer >/dev/null
	@cmake --build build-integer
	@sh tools/record_test $(BUILD)/test-results make.integer sh tools/integer build-integer

coverage: setup
	@python3 tools/coverage

fuzz: setup
	@cmake --preset fuzz >/dev/null
	@cmake --build build-fuzz
	@sh tools/fuzz build-fuzz $(FUZZ_SECONDS)

long: setup
	@cmake --preset dev -B build-long -DLATCHKEY_TEST_TIMEOUT=36000 >/dev/null
	@cmake --build build-long
	@cd build-long && LATCHKEY_LONG=1 ctest -j2 --output-on-failure --no-tests=error

install: setup
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build build-release
	@cmake --install build-release

clean:
	rm -rf build build-asan build-clang build-coverage build-fuzz build-integer \
	    build-long build-release build-small
