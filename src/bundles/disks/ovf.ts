import type { SystemFacts } from '../facts.js';
import { escaped } from './xml-text.js';

/** A virtual machine with one disk, for a description in OVF. */
export interface DescribedMachine {
  readonly name: string;
  /** The name of the disk's file. */
  readonly file: string;
  /** Bytes of that file. */
  readonly fileSize: number;
  /** Bytes of the disk in it. */
  readonly capacity: number;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly firmware: 'bios' | 'efi';
  readonly facts: SystemFacts;
  /** What VMware calls the system, instead of what follows from the distribution. */
  readonly osType: string | undefined;
  /** `vmx-13`, or `virtualbox-2.2`. */
  readonly systemType: string;
  /** The name of the network. */
  readonly network: string;
}

/** CIM_OperatingSystem.OsType (the numbers) and VMware's guest identifiers, for systems of 64 bits by their os-release. */
const systems: Readonly<Record<string, readonly [number, (major: string) => string]>> = {
  debian: [96, (major) => `debian${major}_64Guest`],
  ubuntu: [94, () => 'ubuntu64Guest'],
  centos: [107, (major) => `centos${major}_64Guest`],
  rocky: [80, () => 'rockylinux_64Guest'],
  almalinux: [80, () => 'almalinux_64Guest'],
  rhel: [80, (major) => `rhel${major}_64Guest`],
  fedora: [101, () => 'fedora64Guest'],
  'opensuse-leap': [101, () => 'opensuse64Guest'],
  'opensuse-tumbleweed': [101, () => 'opensuse64Guest'],
};

const linux: readonly [number, (major: string) => string] = [101, () => 'other3xLinux64Guest'];

/**
 * The OVF envelope, version 1 (DMTF DSP0243, 1.1.0), of a machine with an LSI Logic SCSI controller and a network card:
 * what vSphere and VirtualBox both take.
 */
export function ovf(machine: DescribedMachine): string {
  const { facts, firmware, systemType, network } = machine;
  const [number, identifier] = systems[facts.distribution.id] ?? linux;
  const major = facts.distribution.version?.split('.')[0] ?? '';
  const osType = machine.osType ?? identifier(major);
  const isVmware = systemType.startsWith('vmx-');
  const efi =
    isVmware && firmware === 'efi'
      ? '\n      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>'
      : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:id="file1" ovf:href="${escaped(machine.file)}" ovf:size="${machine.fileSize}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${machine.capacity}" ovf:capacityAllocationUnits="byte" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="${escaped(network)}">
      <Description>The network of the machine</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="${escaped(machine.name)}">
    <Info>A virtual machine</Info>
    <Name>${escaped(machine.name)}</Name>
    <OperatingSystemSection ovf:id="${number}"${isVmware ? ` vmw:osType="${escaped(osType)}"` : ''}>
      <Info>The installed system</Info>
      <Description>${escaped(facts.distribution.name)}</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual hardware family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${escaped(machine.name)}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>${escaped(systemType)}</vssd:VirtualSystemType>
      </System>
${items(machine)}${efi}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** Elements of CIM_ResourceAllocationSettingData, in the order of their names, which its schema demands. */
function items({ cpus, memory, systemType, network }: DescribedMachine): string {
  const card = systemType.startsWith('vmx-') ? 'VmxNet3' : 'E1000';
  return [
    {
      AllocationUnits: 'hertz * 10^6',
      ElementName: `${cpus} virtual CPU`,
      InstanceID: 1,
      ResourceType: 3,
      VirtualQuantity: cpus,
    },
    {
      AllocationUnits: 'byte * 2^20',
      ElementName: `${memory} MB of memory`,
      InstanceID: 2,
      ResourceType: 4,
      VirtualQuantity: memory,
    },
    { Address: 0, ElementName: 'SCSI controller', InstanceID: 3, ResourceSubType: 'lsilogic', ResourceType: 6 },
    {
      AddressOnParent: 0,
      ElementName: 'Hard disk',
      HostResource: 'ovf:/disk/disk1',
      InstanceID: 4,
      Parent: 3,
      ResourceType: 17,
    },
    {
      AddressOnParent: 7,
      AutomaticAllocation: 'true',
      Connection: network,
      ElementName: 'Network card',
      InstanceID: 5,
      ResourceSubType: card,
      ResourceType: 10,
    },
  ]
    .map((item) => {
      const lines = Object.entries(item).map(
        ([name, value]) => `        <rasd:${name}>${escaped(String(value))}</rasd:${name}>\n`,
      );
      return `      <Item>\n${lines.join('')}      </Item>`;
    })
    .join('\n');
}
