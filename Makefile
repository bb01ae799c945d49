# driftlead: one Makefile, no configure, no recursion.  `make help` lists the targets.

# ---- what is built, and how -------------------------------------------------------------
B       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
V        = $(if $(VERBOSE),,@)

PKGS     = sqlite3 libcurl libpcre2-8 jansson yaml-0.1 libcrypto zlib libzstd libutf8proc
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wmissing-prototypes \
           -Wwrite-strings -Wformat=2 -Wundef
HARDEN   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
OPT      = -O2 $(HARDEN)
CFLAGS  ?= -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -I$(B)/gen $(OPT) $(WARN) $(SAN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN) $(LDFLAGS)
LIBS     = $(shell pkg-config --libs $(PKGS)) -lm -pthread

SRC      = $(wildcard harness/*.c harness/base/*.c harness/proto/*.c harness/cmd/*.c \
             harness/import/*.c metrics/*.c metrics/stats/*.c drift/*.c reports/*.c)
OBJ      = $(SRC:%.c=$(B)/%.o)
LIB_OBJ  = $(filter-out $(B)/harness/main.o,$(OBJ))
GEN      = $(patsubst %,$(B)/gen/%.h,$(wildcard harness/schema.sql reports/page.css))
UNIT     = $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ     = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY   = $(FUZZ:%=$(B)/tests/replay_%)

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

$(B)/tests/test_%: tests/unit/test_%.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) -lcmocka $(LIBS)

$(B)/tests/stub: tests/stub/stub.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libdriftlead.a $(ALL_LDFLAGS) -lssl $(LIBS)

$(B)/tests/replay_%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libdriftlead.a
	@mkdir -p $(@D)
	$(V)$(CC) $(ALL_CFLAGS) -o $@ $< tests/fuzz/replay.c $(B)/libdriftlead.a $(ALL_LDFLAGS) $(LIBS)

unit: $(UNIT)  ## build the unit tests only
