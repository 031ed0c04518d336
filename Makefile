# make demo    installs what is needed, builds, and turns the embedded demo into an image
# make test    runs the unit tests alone, but for the slow ones
# make check   installs what is needed, and runs the tests
# make bench   measures it beside the Python image-factory
# make install puts it below PREFIX (and that below DESTDIR), in the place of an older release; make uninstall removes it
# See README.md for the rest.

PREFIX ?= /usr/local
NODE_MAJOR := 20
BIN := node_modules/.bin

# What the program calls (src/host/programs.ts; a test compares the two) and what makes the demo's netboot files.
BUILD_PACKAGES := virtinst libvirt-clients libvirt-daemon-system libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils ovmf mtools \
	fdisk util-linux coreutils e2fsprogs zerofree rsync openssh-client cpio xorriso xz-utils zstd \
	gpg gpg-agent gpgv debian-archive-keyring rpm attr mount uidmap tar findutils \
	isal squashfs-tools erofs-utils apt dpkg gpgconf mmdebstrap dnf createrepo-c libc-bin iproute2 kmod gzip
# What only tests need: servers to upload to, file systems to clean, sudo for its helper, what the Python image-factory
# imports.
CHECK_PACKAGES := openssh-server sudo qemu-user-static xfsprogs btrfs-progs python3 python3-yaml python3-httplib2 python3-parted \
	shellcheck openssl libxml2-utils debconf zsh fish dosfstools gdisk perl-base lz4 acl libcap2-bin skopeo umoci runc podman \
	grub-common grub-pc-bin grub-efi-amd64-bin lvm2 mmdebstrap qemu-system-arm qemu-efi-aarch64 \
	rclone docker-registry bmap-tools systemd zypper
DOC_PACKAGES := pandoc
# What makes parts of the installer for arm64 that a mirror may lack.
E2E_PACKAGES := gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# What the Python image-factory needs, and what makes the disk that both finish.
BENCH_PACKAGES := python3 python3-httplib2 python3-parted mmdebstrap openssl umoci genisoimage

VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
MANUALS := man/image-factory.1 man/image-factory.conf.5 man/image-factory-sudo-helper.1 man/image-factory-elements.7 man/image-factory-layers.7 man/image-factory-packages.7
LINTERS := lint-code lint-types lint-form lint-rooms
UNIT := image-factory-stackpoints.service
SOURCES := $(shell find src -name '*.ts' ! -name '*.test.ts')
SHIPPED := bin configs demo layouts lib sudo-helper/image-factory-sudo-helper templates package.json
DOCUMENTS := LICENSE README.md NEWS.md Jenkinsfile.example docs/manifest.schema.json
GUIDES := $(filter-out docs/manifest.schema.json,$(wildcard docs/*.*))

ROOT = $(DESTDIR)$(PREFIX)
APPLICATION = $(ROOT)/lib/image-factory
SHARE = $(ROOT)/share
# What make install makes beside the application itself, below PREFIX.
INSTALLED = bin/image-factory bin/stacko bin/image-factory-sudo-helper lib/systemd/system/$(UNIT) \
	$(addprefix share/man/man1/,$(notdir $(filter %.1,$(MANUALS)))) \
	$(addprefix share/man/man5/,$(notdir $(filter %.5,$(MANUALS)))) \
	$(addprefix share/man/man7/,$(notdir $(filter %.7,$(MANUALS)))) share/bash-completion/completions/image-factory \
	share/zsh/site-functions/_image-factory share/fish/vendor_completions.d/image-factory.fish

.PHONY: all demo test check check-e2e bench bench-install bench-layers lint $(LINTERS) format doc completion install uninstall dist version clean node build-packages check-packages e2e-packages doc-packages bench-packages
.DELETE_ON_ERROR:

all: lib/.built

demo: build-packages all
	bin/image-factory demo --output-dir build/demo

# The unit tests alone, but for the slow ones, in two processes.
test: check-packages all
	$(BIN)/mocha --parallel --jobs 2 --ignore '**/*.slow.test.ts' 'src/**/*.test.ts' 'test/unit/**/*.test.ts'

check: check-packages all doc lint
	$(BIN)/c8 node test/side-by-side.js

check-e2e: e2e-packages all
	IMAGE_FACTORY_ATTACKS=all IMAGE_FACTORY_FAULTS=all IMAGE_FACTORY_CUTOVERS=1000 IMAGE_FACTORY_KILLS=300 \
		IMAGE_FACTORY_POWER_FAILURES=50 IMAGE_FACTORY_DAMAGED_IMAGES=50 $(BIN)/mocha --config test/e2e/mocharc.json

bench: bench-packages all
	node --import tsx bench/main.ts

bench-layers: bench-packages all
	node --import tsx bench/main.ts layers

bench-install: bench-packages all
	node --import tsx bench/install.ts

# Two at a time, as each works on one core.
lint: node_modules/.installed
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target $(LINTERS)

lint-code:
	$(BIN)/eslint .

lint-types:
	$(BIN)/tsc --noEmit

lint-form:
	$(BIN)/prettier --check --log-level warn .

lint-rooms:
	$(BIN)/depcruise src

format: node_modules/.installed
	$(BIN)/prettier --write --log-level warn .

doc: doc-packages $(MANUALS)

$(MANUALS): man/%: man/%.md man/render.js lib/.built
	node --import tsx man/render.js $< | pandoc --standalone --from markdown-smart --to man --output $@

completion: all
	mkdir -p build/completion
	set -e; for shell in bash zsh fish; do bin/image-factory completion $$shell >build/completion/$$shell; done

# The application is put together beside the installed one, which it then replaces: no file of an older release stays.
# Its packages are those of the checkout that the build did not put into it, without what compilers left in them.
install: all doc completion
	rm -rf '$(APPLICATION).new'
	install -d '$(APPLICATION).new' $(foreach directory,$(sort $(dir $(INSTALLED))),'$(ROOT)/$(directory)')
	tar -cf - --exclude lib/.built --exclude '*.map' --exclude obj.target --exclude .deps --exclude '*.a' \
		--mode a+rX,go-w $(SHIPPED) --files-from lib/packages.txt | \
		tar -xf - -C '$(APPLICATION).new' --no-same-owner
	rm -rf '$(APPLICATION)' '$(SHARE)/doc/image-factory'
	mv '$(APPLICATION).new' '$(APPLICATION)'
	ln -sf ../lib/image-factory/bin/image-factory '$(ROOT)/bin/image-factory'
	ln -sf ../lib/image-factory/bin/image-factory '$(ROOT)/bin/stacko'
	install -m 755 sudo-helper/image-factory-sudo-helper '$(ROOT)/bin/image-factory-sudo-helper'
	install -m 644 $(filter %.1,$(MANUALS)) '$(SHARE)/man/man1'
	install -m 644 $(filter %.5,$(MANUALS)) '$(SHARE)/man/man5'
	install -m 644 $(filter %.7,$(MANUALS)) '$(SHARE)/man/man7'
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' systemd/$(UNIT) >'$(ROOT)/lib/systemd/system/$(UNIT)'
	chmod 644 '$(ROOT)/lib/systemd/system/$(UNIT)'
	install -m 644 build/completion/bash '$(SHARE)/bash-completion/completions/image-factory'
	install -m 644 build/completion/zsh '$(SHARE)/zsh/site-functions/_image-factory'
	install -m 644 build/completion/fish '$(SHARE)/fish/vendor_completions.d/image-factory.fish'
	install -d '$(SHARE)/doc/image-factory/docs'
	install -m 644 $(DOCUMENTS) '$(SHARE)/doc/image-factory'
	install -m 644 $(GUIDES) '$(SHARE)/doc/image-factory/docs'
	rm -rf '$(SHARE)/doc/image-factory/examples'
	cp -R examples '$(SHARE)/doc/image-factory'
	chmod -R u=rwX,go=rX '$(SHARE)/doc/image-factory/examples'

# Directories that others use as well go where nothing is left in them.
uninstall:
	rm -rf '$(APPLICATION)' '$(APPLICATION).new' '$(SHARE)/doc/image-factory'
	rm -f $(foreach file,$(INSTALLED),'$(ROOT)/$(file)')
	for directory in lib lib/systemd/system share/doc $(patsubst %/,%,$(sort $(dir $(INSTALLED)))); do \
		[ ! -d '$(ROOT)'/$$directory ] || (cd '$(ROOT)' && rmdir --parents --ignore-fail-on-non-empty $$directory); \
	done

dist:
	mkdir -p dist
	git archive --prefix=image-factory-$(VERSION)/ --output=dist/image-factory-$(VERSION).tar.gz HEAD

version:
	@echo $(VERSION)

clean:
	rm -rf lib build dist coverage $(MANUALS)

lib/.built: $(SOURCES) build.js node_modules/.installed
	node build.js
	@touch $@

node_modules/.installed: package.json package-lock.json | node
	npm ci --no-audit --no-fund --loglevel error
	@touch $@

node:
	@.ci/require-node $(NODE_MAJOR)

build-packages:
	@.ci/install-packages $(BUILD_PACKAGES)

check-packages:
	@.ci/install-packages $(BUILD_PACKAGES) $(CHECK_PACKAGES)

e2e-packages:
	@.ci/install-packages $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(E2E_PACKAGES)

doc-packages:
	@.ci/install-packages $(DOC_PACKAGES)

bench-packages:
	@.ci/install-packages $(BUILD_PACKAGES) $(BENCH_PACKAGES)
