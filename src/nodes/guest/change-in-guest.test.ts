import { expect } from 'chai';
import { seenFromGuest } from './change-in-guest.js';

describe('the environment of a guest', () => {
  it("leads to this machine by the gateway's address where it says its own", () => {
    const given = {
      http_proxy: 'http://127.0.0.1:3128',
      https_proxy: 'http://user:word@localhost:3128/',
      ftp_proxy: 'http://localhost.example.org:3128',
      no_proxy: 'localhost,127.0.0.1',
    };
    expect(seenFromGuest(given)).to.deep.equal({
      http_proxy: 'http://10.0.2.2:3128',
      https_proxy: 'http://user:word@10.0.2.2:3128/',
      ftp_proxy: 'http://localhost.example.org:3128',
      no_proxy: 'localhost,127.0.0.1',
    });
  });
});
