// The house has one direction: cli → pipeline → (install | disk | boot | contents | publish | layers | report) → host.
// config may be read by every room, and reads only host itself.
const floor = ['install', 'disk', 'boot', 'contents', 'publish', 'layers', 'report'];

/** A room may import itself, config and the rooms below it, never its neighbours or what is above. */
const roomImports = (room, allowed) => ({
  name: `${room}-imports-downwards-only`,
  comment: `src/${room} may import only: ${[room, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    ...floor.map((room) => roomImports(room, ['config', 'host'])),
    roomImports('pipeline', [...floor, 'config', 'host']),
    roomImports('config', ['host']),
    roomImports('host', []),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.test\\.ts$' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
