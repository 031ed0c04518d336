// mocha's spec reporter, and the plain closing line that CI reads.
const { reporters } = require('mocha');

// A failure shows what was there, also where it is long: the run may be one that can't be repeated.
void import('chai').then(({ config }) => (config.truncateThreshold = 4000));

module.exports = class extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
};
