import { serveDirectory } from '../../install/content-server.js';
import type { Stage } from '../../engine/stage.js';

/** Puts `http-directory` where the installer can reach it; its address is known from here on. */
export const serve: Stage = {
  name: 'serve',
  title: 'Serving the HTTP directory',
  neededFor: ({ httpDirectory }) => httpDirectory !== undefined,
  commands: () => [],
  async run(build) {
    if (build.spec.httpDirectory === undefined) return;
    const server = await serveDirectory(build, build.spec.httpDirectory);
    build.release.hold(`the HTTP server at ${server.guestHost}`, () => server.close());
    build.state.guestHost = server.guestHost;
  },
  inputs: ({ spec }) => [spec.httpDirectory],
};
