// The house has one direction. Each room may import itself, what is listed for it, and `host`; every room that runs
// stages or reads a section may also import `config`. See docs/architecture.md, "Modules".
const floor = [
  'answers',
  'sources',
  'install',
  'boot',
  'disk',
  'layers',
  'contents',
  'golden',
  'artifacts',
  'publish',
  'report',
  'layout',
  'sandbox',
  'elements',
];
const rooms = {
  cli: ['jobs', 'checks', 'images', 'engine', 'write', ...floor, 'machine', 'config'],
  jobs: ['checks', 'images', 'engine', ...floor, 'machine', 'config'],
  checks: ['images', 'engine', ...floor, 'machine', 'config'],
  images: ['engine', ...floor, 'machine', 'config'],
  engine: ['report'],
  answers: ['layout', 'config'],
  sources: ['config'],
  install: ['machine', 'answers', 'layout', 'config'],
  boot: ['machine', 'config'],
  disk: ['layout', 'machine', 'config'],
  write: ['disk', 'layout'],
  layers: ['config'],
  sandbox: [],
  layout: ['config'],
  elements: ['config'],
  contents: ['config'],
  golden: ['disk'],
  artifacts: [],
  publish: ['config'],
  report: ['config'],
  config: ['machine'],
  machine: [],
  host: [],
};

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-downwards-only`,
      comment: `src/${room} may import only: ${[room, ...allowed, 'host'].join(', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[room, ...allowed, 'host'].join('|')})/` },
    })),
    {
      name: 'no-test-support-in-the-program',
      comment: 'what only tests need is not installed',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^test/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.test\\.ts$' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
