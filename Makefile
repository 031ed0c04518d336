# make demo    installs what is needed, builds, and turns the embedded demo into an image
# make check   installs what is needed, and runs the tests
# make bench   measures it beside the Python image-factory
# See README.md for the rest.

PREFIX ?= /usr/local
NODE_MAJOR := 20
BIN := node_modules/.bin

# What the program calls (src/host/programs.ts; a test compares the two) and what makes the demo's netboot files.
BUILD_PACKAGES := virtinst libvirt-clients libvirt-daemon-system libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils \
	fdisk util-linux coreutils e2fsprogs zerofree rsync openssh-client cpio xorriso xz-utils zstd \
	gpg gpg-agent gpgv debian-archive-keyring rpm
# What only tests need: servers to upload to, file systems to clean, sudo for its helper, what the Python image-factory
# imports.
CHECK_PACKAGES := openssh-server sudo xfsprogs btrfs-progs python3 python3-yaml python3-httplib2 python3-parted \
	shellcheck openssl libxml2-utils debconf zsh fish
DOC_PACKAGES := pandoc
# What the Python image-factory needs, and what makes the disk that both finish.
BENCH_PACKAGES := python3 python3-httplib2 python3-parted mmdebstrap openssl

VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
MANUALS := man/image-factory.1 man/image-factory.conf.5 man/image-factory-sudo-helper.1
SOURCES := $(shell find src -name '*.ts' ! -name '*.test.ts')
SHIPPED := bin configs demo lib sudo-helper/image-factory-sudo-helper templates package.json package-lock.json

.PHONY: all demo test check check-e2e bench bench-install lint doc install dist version clean node build-packages check-packages doc-packages bench-packages
.DELETE_ON_ERROR:

all: lib/.built

demo: build-packages all
	bin/image-factory demo --output-dir build/demo

# The unit tests alone, in two processes.
test: check-packages all
	$(BIN)/mocha --parallel --jobs 2 'src/**/*.test.ts' 'test/unit/**/*.test.ts'

check: check-packages all doc lint
	$(BIN)/c8 $(BIN)/mocha

check-e2e: check-packages all
	IMAGE_FACTORY_ATTACKS=all IMAGE_FACTORY_FAULTS=all $(BIN)/mocha --config test/e2e/mocharc.json

bench: bench-packages all
	node --import tsx bench/main.ts

bench-install: bench-packages all
	node --import tsx bench/install.ts

lint: node_modules/.installed
	$(BIN)/tsc --noEmit
	$(BIN)/eslint .
	$(BIN)/prettier --check --log-level warn .
	$(BIN)/depcruise src

doc: doc-packages $(MANUALS)

$(MANUALS): man/%: man/%.md man/render.js lib/.built
	node man/render.js $< | pandoc --standalone --from markdown-smart --to man --output $@

install: all doc
	install -d $(DESTDIR)$(PREFIX)/lib/image-factory $(DESTDIR)$(PREFIX)/bin \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	tar -cf - --exclude lib/.built $(SHIPPED) | tar -xf - -C $(DESTDIR)$(PREFIX)/lib/image-factory --no-same-owner
	cd $(DESTDIR)$(PREFIX)/lib/image-factory && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent
	ln -sf ../lib/image-factory/bin/image-factory $(DESTDIR)$(PREFIX)/bin/image-factory
	install -m 755 sudo-helper/image-factory-sudo-helper $(DESTDIR)$(PREFIX)/bin/image-factory-sudo-helper
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5

dist:
	mkdir -p dist
	git archive --prefix=image-factory-$(VERSION)/ --output=dist/image-factory-$(VERSION).tar.gz HEAD

version:
	@echo $(VERSION)

clean:
	rm -rf lib build dist coverage $(MANUALS)

lib/.built: $(SOURCES) tsconfig.json tsconfig.build.json node_modules/.installed
	rm -rf lib
	$(BIN)/tsc -p tsconfig.build.json
	@touch $@

node_modules/.installed: package.json package-lock.json | node
	npm ci --no-audit --no-fund --silent
	@touch $@

node:
	@.ci/require-node $(NODE_MAJOR)

build-packages:
	@.ci/install-packages $(BUILD_PACKAGES)

check-packages:
	@.ci/install-packages $(BUILD_PACKAGES) $(CHECK_PACKAGES)

doc-packages:
	@.ci/install-packages $(DOC_PACKAGES)

bench-packages:
	@.ci/install-packages $(BUILD_PACKAGES) $(BENCH_PACKAGES)
