# driftlead: one Makefile, no configure.  `make help` lists the targets.

# ---- what is built, and how -------------------------------------------------------------
B       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
V        = $(if $(VERBOSE),,@)

PKGS     = sqlite3 libcurl libpcre2-8 yaml-0.1 libcrypto zlib libzstd libutf8proc
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wmissing-prototypes \
           -Wwrite-strings -Wformat=2 -Wundef
HARDEN   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
OPT      = -O2 $(HARDEN)
CFLAGS  ?= -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -I$(B)/gen $(OPT) $(WARN) $(SAN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN) $(LDFLAGS)
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -pthread

SRC      = $(wildcard harness/*.c harness/base/*.c harness/proto/*.c harness/cmd/*.c \
             harness/import/*.c metrics/*.c metrics/stats/*.c drift/*.c reports/*.c)
OBJ      = $(SRC:%.c=$(B)/%.o)
LIB_OBJ  = $(filter-out $(B)/harness/main.o,$(OBJ))
GEN      = $(patsubst %,$(B)/gen/%.h,$(wildcard harness/schema.sql reports/page.css suites/*.yaml \
             suites/tickets/*))
UNIT     = $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ     = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY   = $(FUZZ:%=$(B)/tests/replay_%)
E2E      = $(filter-out %/lib.sh,$(wildcard tests/e2e/*.sh))
STUB_OBJ = $(patsubst tests/stub/%.c,$(B)/stub/%.o,$(filter-out %/ask.c,$(wildcard tests/stub/*.c)))
TOOLS    = $(addprefix $(B)/tests/,stub ask bare measure logs oracle simulate nights)

# A missing library is one sentence, not a page of errors.  These targets need none:
NO_LIBS  = deps deps-test deps-bench demo-deps demo check check-slow asan tsan cov fuzz lint help clean tags uninstall
ifneq ($(filter-out $(NO_LIBS),$(or $(MAKECMDGOALS),all)),)
MISSING := $(shell for p in $(PKGS) libxxhash; do pkg-config --exists $$p 2>/dev/null || echo $$p; done)
ifneq ($(strip $(MISSING)),)
$(error missing: $(strip $(MISSING)) - run "make deps")
endif
endif

all: $(B)/driftlead  ## the program (default)

$(B)/driftlead: $(OBJ)
	$(V)$(CC) $(ALL_LDFLAGS) -o $@ $(OBJ) $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A text file as a C string literal: the C stays readable, no tool is needed.
$(B)/gen/%.h: %
	@mkdir -p $(@D)
	$(V)sed 's/["\\]/\\&/g; s/^/"/; s/$$/\\n"/' $< > $@

$(OBJ): | $(GEN)

# One archive, so that a unit test links only what it uses.
$(B)/libdriftlead.a: $(LIB_OBJ)
	$(V)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

# ---- tests --------------------------------------------------------------------------------
$(B)/tests/test_%: tests/unit/test_%.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) -lcmocka -ljansson $(LIBS)

# Objects of the stub have a folder of their own: tests/stub is the program's name.
$(B)/stub/%.o: tests/stub/%.c
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/stub: $(STUB_OBJ) $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) -o $@ $(STUB_OBJ) $(B)/libdriftlead.a $(ALL_LDFLAGS) -lssl $(LIBS)

$(B)/tests/ask: $(B)/stub/ask.o $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) -lssl $(LIBS)

$(B)/tests/logs: LIBS += -ljansson
$(B)/tests/%: tests/bench/%.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

$(B)/tests/replay_%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -o $@ $< tests/fuzz/replay.c $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

$(B)/fuzz_%: tests/fuzz/fuzz_%.c $(B)/libdriftlead.a
	$(V)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

ORACLE_OBJ = $(patsubst tests/oracle/%.c,$(B)/oracle/%.o,$(wildcard tests/oracle/*.c))
$(B)/oracle/%.o: tests/oracle/%.c
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/oracle: $(ORACLE_OBJ) $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) -o $@ $(ORACLE_OBJ) $(B)/libdriftlead.a $(ALL_LDFLAGS) -ljansson $(LIBS)

SIMULATE_OBJ = $(patsubst tests/simulate/%.c,$(B)/simulate/%.o,$(wildcard tests/simulate/*.c))
$(B)/simulate/%.o: tests/simulate/%.c
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/simulate: $(SIMULATE_OBJ) $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) -o $@ $(SIMULATE_OBJ) $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

$(B)/tests/nights: tests/nights/nights.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

unit: $(UNIT)  ## build the unit tests only

# What check, asan, tsan and cov run, each in its own $(B).
suite: $(UNIT) $(REPLAY) $(TOOLS) $(if $(wildcard harness/main.c),$(B)/driftlead)
	@B=$(B) tests/run.sh $(UNIT) $(REPLAY) $(E2E)

check: deps-test  ## everything a commit must pass; the last line counts
	@$(MAKE) --no-print-directory suite

check-slow: deps-test  ## the same, killed at every system call instead of at some
	@DRIFTLEAD_SLOW=1 TEST_TIMEOUT=3600 $(MAKE) --no-print-directory suite

DIR ?= tests/oracle
oracle: $(B)/tests/oracle  ## every golden number of DIR (tests/oracle) against ours
	@$(B)/tests/oracle $(DIR)

simulate: $(B)/tests/simulate $(B)/tests/nights $(B)/driftlead  ## how often gates err and drift alarms: minutes
	@$(B)/tests/simulate
	@$(B)/tests/nights --list | xargs -P 2 -n 1 $(B)/tests/nights $(B)/driftlead

ASAN = B=build/asan HARDEN= SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
asan:  ## check under the address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory $(ASAN) suite

TSAN = B=build/tsan HARDEN= SAN=-fsanitize=thread
tsan:  ## the same under the thread sanitizer
	@$(MAKE) --no-print-directory $(TSAN) suite

cov:  ## the same with line coverage, worst files first
	@$(MAKE) --no-print-directory B=build/cov HARDEN= OPT=-O0 SAN=--coverage suite
	@find build/cov/harness build/cov/metrics build/cov/drift build/cov/reports -name '*.gcda' 2>/dev/null | \
		xargs gcov -n 2>/dev/null | awk -F"[':% ]+" '/^File/ { f = $$2 } \
		/^Lines/ && f ~ /\.c$$/ && f !~ /^\// { print $$3 " %  of " $$5 " lines  " f }' | sort -n

FUZZ_FLAGS = B=build/fuzz CC=clang HARDEN= \
             SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
FUZZ_TIME ?= 20
fuzz:  ## libFuzzer, 20 s per target (FUZZ_TIME); without clang the corpora only
	@if ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null; then \
		echo "no clang with libFuzzer here: the corpora are replayed instead"; \
		$(MAKE) --no-print-directory fuzz-replay; \
	else $(MAKE) --no-print-directory $(FUZZ_FLAGS) fuzz-run; fi

fuzz-run: $(FUZZ:%=$(B)/%)
	@for f in $(FUZZ:fuzz_%=%); do echo "$$f:"; mkdir -p $(B)/corpus/$$f; \
		$(B)/fuzz_$$f -max_total_time=$(FUZZ_TIME) -verbosity=0 -print_final_stats=1 \
			-timeout=10 -rss_limit_mb=2048 -artifact_prefix=$(B)/$$f- \
			$(B)/corpus/$$f tests/fuzz/corpus/$$f || exit 1; done

fuzz-replay: $(REPLAY)  ## the corpora, through every fuzz target
	@B=$(B) tests/run.sh $(REPLAY)

# The fastest parser, if it is here: the only C++, and no part of the program.
SIMDJSON = $(if $(shell pkg-config --exists simdjson 2>/dev/null && command -v $(CXX)),$(B)/tests/simdjson)
$(B)/tests/simdjson: tests/bench/simdjson.cc
	@mkdir -p $(@D)
	$(V)$(CXX) -std=c++17 -O2 -Wall -Wextra -o $@ $< -lsimdjson

bench: $(TOOLS) $(SIMDJSON) $(if $(wildcard harness/main.c),$(B)/driftlead)  ## the table of speeds and sizes, on this machine
	@B=$(B) tests/bench/bench.sh

bench-drift: $(TOOLS) $(B)/driftlead  ## windows profiled and compared, beside pandas and DuckDB; FULL=1: 4 GB
	@B=$(B) tests/bench/drift.sh

lint:  ## headers alone, layers, words, manuals, scripts
	@B=$(B) CC="$(CC)" tests/lint.sh

regold: $(TOOLS) $(B)/driftlead  ## rewrite golden files; then read git diff
	@REGOLD=1 B=$(B) tests/run.sh $(E2E)

# ---- packages: the only targets that install any -------------------------------------------
deps:  ## install what building needs (Debian packages)
	@tests/deps.sh gcc libc6-dev pkg-config libsqlite3-dev libcurl4-openssl-dev libpcre2-dev \
		libyaml-dev libssl-dev zlib1g-dev libzstd-dev libutf8proc-dev libxxhash-dev

deps-test: deps  ## install what the tests need beyond that
	@tests/deps.sh --try libcmocka-dev libjansson-dev sqlite3 jq openssl mandoc gnuplot-nox chromium valgrind strace \
		zstd gzip clang parallel slurmctld slurmd slurm-client munge

deps-bench: deps-test  ## install what the benches compare with: simdjson, pandas, SciPy, DuckDB
	@tests/deps.sh --try g++ libsimdjson-dev python3-pandas python3-scipy nodejs npm
	@mkdir -p $(B)/node && npm install --silent --no-audit --no-fund --ignore-scripts \
		--prefix $(B)/node @duckdb/node-api || echo "could not install: DuckDB"

# ---- installing ------------------------------------------------------------------------------
BIN      = $(DESTDIR)$(PREFIX)/bin
SHARE    = $(DESTDIR)$(PREFIX)/share
MAN      = $(wildcard man/*.[0-9])
EXAMPLE  = $(wildcard suites/examples/*)
COMPLETE = bash:bash-completion/completions/driftlead zsh:zsh/site-functions/_driftlead \
           fish:fish/vendor_completions.d/driftlead.fish
man_path = $(SHARE)/man/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))

install: $(B)/driftlead  ## the program, its manual and completions, below PREFIX
	install -D -m 755 $< $(BIN)/driftlead
	$(foreach m,$(MAN),install -D -m 644 $(m) $(call man_path,$(m)) &&) true
	$(foreach x,$(EXAMPLE),install -D -m 644 $(x) $(SHARE)/doc/driftlead/examples/$(notdir $(x)) &&) true
	@for c in $(COMPLETE); do mkdir -p "$$(dirname "$(SHARE)/$${c#*:}")" && \
		$(B)/driftlead completion "$${c%%:*}" > "$(SHARE)/$${c#*:}" || exit 1; done

uninstall:  ## take that away again
	rm -f $(BIN)/driftlead $(foreach m,$(MAN),$(call man_path,$(m))) \
		$(foreach c,$(COMPLETE),$(SHARE)/$(word 2,$(subst :, ,$(c))))

# ---- a first look ---------------------------------------------------------------------------------
demo: deps demo-deps  ## install what is missing, build, run a suite, gate it, write its report
	@$(MAKE) --no-print-directory all
	@B=$(B) tests/demo.sh

demo-deps:
	@tests/deps.sh --try gnuplot-nox

# ---- for people ---------------------------------------------------------------------------------
tags:  ## for editors
	ctags $(shell find harness metrics drift reports tests -name '*.[ch]')

compile_commands.json: Makefile  ## for clangd
	@{ echo '['; for f in $(SRC); do \
		printf '{"directory":"%s","file":"%s","command":"%s"},\n' "$(CURDIR)" $$f \
			'$(CC) $(ALL_CFLAGS) -c '$$f; done | sed '$$s/,$$//'; echo ']'; } > $@

clean:  ## remove what was built
	rm -rf build compile_commands.json tags

help:  ## this list
	@awk -F':.*## ' '/^[a-z_.-]+:.*## / { printf "%-22s %s\n", $$1, $$2 }' Makefile

.PHONY: all unit suite check check-slow oracle simulate demo demo-deps asan tsan cov fuzz fuzz-run fuzz-replay bench bench-drift lint regold deps deps-test deps-bench \
        install uninstall tags compile_commands.json clean help
.DELETE_ON_ERROR:

-include $(shell find $(B) -name '*.d' 2>/dev/null)
