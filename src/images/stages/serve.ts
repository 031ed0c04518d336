import { serveDirectory } from '../../install/content-server.js';
import { stage } from '../stage.js';

/** Puts `http-directory` where the installer can reach it; its address is known from here on. */
export const serve = stage({
  name: 'serve',
  title: 'Serving the HTTP directory',
  leaves: ['guestHost'],
  wants: ({ spec: { httpDirectory } }) => (httpDirectory === undefined ? undefined : { directory: httpDirectory }),
  inputs: ({ directory }) => [directory],
  async run(host, { directory }) {
    const server = await serveDirectory(host, directory);
    host.release.hold(`the HTTP server at ${server.guestHost}`, () => server.close());
    return { guestHost: server.guestHost };
  },
});
