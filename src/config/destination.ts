import type { SftpServer } from './sftp-server.js';

interface AnyDestination {
  /** The configuration's section, for messages. */
  readonly name: string;
  /** `upload_target` as it is written. */
  readonly target: string;
  /** Whether documents and signatures go with the image and its checksum (default: if the image is signed). */
  readonly artifacts?: 'image' | 'all';
  /** Run one after the other once everything is uploaded; already split into words, with the image's name in place. */
  readonly postUploadCommands: readonly (readonly string[])[];
}

export interface RsyncDestination extends AnyDestination {
  readonly type: 'rsync';
  /** `upload_args`, split into words. */
  readonly args: readonly string[];
}

export interface SftpDestination extends AnyDestination {
  readonly type: 'sftp';
  readonly server: SftpServer;
  /** Private key file without passphrase. */
  readonly identity?: string;
  /** The only known_hosts file to ask (default: the user's and the machine's). */
  readonly knownHosts?: string;
  /** Name of the environment variable that holds the password. */
  readonly passwordEnv?: string;
}

/** Whatever rclone knows: S3, Swift, Google Cloud Storage, Azure, WebDAV … */
export interface RcloneDestination extends AnyDestination {
  readonly type: 'rclone';
  /** `upload_args`, split into words. */
  readonly args: readonly string[];
}

/** A registry of container images, or another place that skopeo knows. */
export interface OciDestination extends AnyDestination {
  readonly type: 'oci';
  /** `upload_args`, split into words. */
  readonly args: readonly string[];
}

/** Where artifacts are uploaded. */
export type Destination = RsyncDestination | SftpDestination | RcloneDestination | OciDestination;
