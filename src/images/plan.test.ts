import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { expectOwnConnection } from './plan.js';

describe("libvirt's system mode", () => {
  const refused = (connect: string, uid: number): string | undefined => {
    try {
      expectOwnConnection({ name: 'web', connect }, uid);
      return undefined;
    } catch (error) {
      expect(error).to.be.instanceOf(UsageError);
      return (error as Error).message;
    }
  };

  it('is for root: a normal user could read neither console log nor disk, and is told before anything is done', () => {
    for (const connect of ['qemu:///system', 'qemu+unix:///system?socket=/run/libvirt/libvirt-sock']) {
      expect(refused(connect, 1000)).to.contain(`[web] connect = ${connect}: `).and.to.contain('qemu:///session');
      expect(refused(connect, 0)).to.equal(undefined);
    }
    expect(refused('qemu:///session', 1000)).to.equal(undefined);
  });
});
