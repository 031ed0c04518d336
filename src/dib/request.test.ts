import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import type { Element } from '../elements/element.js';
import { blockDeviceText, diskFacts, diskLayout, imageSize } from './block-device.js';
import { dibRequest, type DibFlags } from './request.js';

const GiB = 2 ** 30;
const MiB = 2 ** 20;

const log = { debug() {}, info() {}, warn() {}, error() {}, progress() {}, finding() {} };

function request(flags: DibFlags, environment: NodeJS.ProcessEnv = {}, elements = ['vm', 'debian-minimal']) {
  return dibRequest(elements, flags, environment, 'amd64');
}

function problems(flags: DibFlags, elements?: string[]): readonly string[] {
  try {
    request(flags, {}, elements);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('a command line of disk-image-create', () => {
  it('means what it means there', () => {
    expect(request({}).elements).to.deep.equal(['base', 'vm', 'debian-minimal']);
    expect(request({ n: true }).elements).to.deep.equal(['vm', 'debian-minimal']);
    expect(request({ o: 'out/web.qcow2' }).name).to.equal('out/web');
    expect(request({ o: 'web.qcow2', t: 'qcow2,tar' }).name).to.equal('web.qcow2');
    expect(request({ t: 'raw,qcow2' }).types).to.deep.equal(['qcow2', 'raw']);
    expect(request({ p: ['jq,vim', 'less'] }).packages).to.deep.equal(['jq', 'vim', 'less']);
    expect(request({ x: 2 }, { DIB_DEBUG_TRACE: '1' }).environment.DIB_DEBUG_TRACE).to.equal('3');
    expect(request({ offline: true }).environment.DIB_OFFLINE).to.equal('1');
    expect(request({ checksum: true }).checksums).to.deep.equal(['md5', 'sha256']);
    expect(request({}, { DIB_CHECKSUM: 'sha256' }).checksums).to.deep.equal(['sha256']);
    expect(request({}, { ARCH: 'arm64' }).arch).to.equal('arm64');
    expect(request({ c: true }, { DIB_RELEASE: 'trixie', HOME: '/root' }).environment).to.deep.equal({ HOME: '/root' });
  });

  it('is refused with all that is wrong', () => {
    expect(problems({ t: 'qcow,docker', imageSize: '4G', installType: 'git' }, [])).to.deep.equal([
      'dib: name at least one element, such as debian-minimal',
      "--install-type git: expected 'source' or 'package'",
      "-t qcow: expected one of qcow2, raw, vmdk, vdi, vhdx, vpc, vhd, tar, tgz, squashfs, docker (did you mean 'qcow2'?)",
      '-t docker: name the image by --docker-target REPOSITORY:TAG',
      '--image-size 4G: expected a number, such as 4 or 2.5',
    ]);
  });

  it('says how large the disk is', () => {
    const efi = [{ name: 'block-device-efi' } as Element];
    expect(imageSize(request({ imageSize: '2.5' }), [], 0)).to.equal(2.5 * GiB);
    expect(imageSize(request({ imageSize: '2' }), efi, 0)).to.equal(2 * GiB + 525 * MiB);
    expect(imageSize(request({}), [], 600 * MiB)).to.equal(1064 * MiB);
    expect(imageSize(request({ imageExtraSize: '100' }), [], 600 * MiB)).to.equal(764 * MiB);
    expect(imageSize(request({}), [], 1) % 65536).to.equal(0);
  });

  it('changes the root file system of the layout', () => {
    const flags = { rootLabel: 'web', mkfsOptions: '-m 1', maxOnlineResize: '1000', imageSize: '2' };
    const wanted = request(flags);
    const text = blockDeviceText([], wanted);
    const { fileSystems, fstab } = diskLayout(text, wanted, [], 0, log);
    expect(fileSystems[0]).to.include({ name: 'mkfs_root', label: 'web', type: 'ext4' });
    expect(fileSystems[0]?.options.join(' ')).to.equal('-i 4096 -J size=64 -E resize=1000 -m 1');
    expect(fstab[0]).to.include({ device: 'LABEL=web', mount: '/' });
    expect(diskFacts(text, request({}))).to.deep.equal({
      ...{ rootLabel: 'cloudimg-rootfs', rootFileSystem: 'ext4', bootLabel: '', mountPoints: ['/'] },
    });
  });

  it('takes the layout from the environment before that of an element', () => {
    const yaml = '- local_loop: {name: image0}\n';
    expect(blockDeviceText([], request({}, { DIB_BLOCK_DEVICE_CONFIG: yaml })).text).to.equal(yaml);
    expect(() => blockDeviceText([], request({}, { DIB_BLOCK_DEVICE_CONFIG: 'file:///nowhere.yaml' }))).to.throw(
      UsageError,
      "can't read the layout /nowhere.yaml",
    );
  });
});
