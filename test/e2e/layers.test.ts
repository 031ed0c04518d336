// With as many cutovers, kills and power failures as `make check-e2e` asks for.
import '../integration/cutover.test.js';
import '../machine/layers-crash.test.js';
