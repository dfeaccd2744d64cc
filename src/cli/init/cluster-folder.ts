import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority } from '../../certificates/certificate-authority.js';
import { adminKeyHash, newAdminKey } from '../../site/access/admin-key.js';
import { newSealKey } from '../../site/seal.js';
import { urlOf, type ClusterLayout, type PlannedSite } from './cluster-layout.js';
import { composeFile } from './container-files.js';
import { etcdYaml } from './etcd-yaml.js';
import { kubernetesFile } from './kubernetes-file.js';
import { siteToml } from './site-toml.js';
import { etcdUnit, siteUnit } from './systemd-units.js';

export interface FolderRequest {
  readonly layout: ClusterLayout;
  /** Of this program; names the image of containers. */
  readonly version: string;
  readonly nowMs: number;
  /** How long certificates of members are valid. */
  readonly days: number;
}

/** A file of a folder that is being written. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** For its owner's eyes only. */
  readonly isSecret?: boolean;
}

/** Names that every member answers to as well, for whoever asks on its own machine. */
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

export type FolderResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Writes all that a cluster's machines need. What is there already stays as it is. */
export function writeClusterFolder(folder: string, request: FolderRequest): Promise<FolderResult> {
  return writeFolder(folder, clusterFiles(request));
}

/** Writes a new folder in one step: either all of it is there afterwards, or nothing is. */
export async function writeFolder(
  folder: string,
  files: readonly NewFile[],
): Promise<FolderResult> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => error.code);
  if (Array.isArray(there) ? there.length > 0 : there !== 'ENOENT') {
    const message = Array.isArray(there) ? 'is not empty' : `cannot be used: ${there}`;
    return {
      ok: false,
      message: `${folder} ${message}; nothing was written. Choose another --out`,
    };
  }
  const draft = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    for (const file of files) await writeNew(draft, file);
    await rename(draft, folder);
    return { ok: true };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${folder} cannot be written: ${why}` };
  }
}

async function writeNew(folder: string, { path, text, isSecret }: NewFile): Promise<void> {
  const file = join(folder, path);
  const mode = isSecret === true ? 0o600 : 0o644;
  await mkdir(join(file, '..'), { recursive: true, mode: 0o755 });
  await writeFile(file, text, { flag: 'wx', mode });
  await chmod(file, mode);
}

function clusterFiles(request: FolderRequest): NewFile[] {
  const { layout, nowMs } = request;
  const commonName = `Quorate cluster ${layout.clusterId}`.slice(0, 64);
  const authority = CertificateAuthority.create(commonName, nowMs);
  const adminKey = newAdminKey();
  const sealKey = newSealKey();
  const shared: NewFile[] = [
    { path: 'ca.pem', text: authority.pem.certificate },
    { path: 'ca.key', text: authority.pem.key, isSecret: true },
    { path: 'admin.key', text: `${adminKey}\n`, isSecret: true },
    { path: 'client.env', text: clientEnvironment(layout) },
  ];
  const ofSites = layout.sites.flatMap((site): NewFile[] => {
    const files = [
      { path: 'ca.pem', text: authority.pem.certificate },
      { path: 'seal.key', text: sealKey, isSecret: true },
      ...certificateFiles(authority, request, site),
      ...publicFiles(request, site, adminKeyHash(adminKey)),
    ];
    return files.map((file) => ({ ...file, path: join(site.site, file.path) }));
  });
  return [...shared, ...ofSites];
}

type CertificateRequest = Pick<FolderRequest, 'layout' | 'nowMs' | 'days'>;

/** What a site proves itself with. */
export function siteCertificate(
  authority: CertificateAuthority,
  { layout, nowMs, days }: CertificateRequest,
  { site, host }: PlannedSite,
): NewFile[] {
  const issued = authority.issueForSite(layout.clusterId, site, {
    hosts: hostsOf(host),
    nowMs,
    days,
  });
  return [
    { path: 'site.pem', text: issued.certificate },
    { path: 'site.key', text: issued.key, isSecret: true },
  ];
}

function hostsOf(host: string): string[] {
  return [...new Set([host, ...LOCAL_HOSTS])];
}

function certificateFiles(
  authority: CertificateAuthority,
  request: CertificateRequest,
  own: PlannedSite,
): NewFile[] {
  const { nowMs, days } = request;
  const { site, host } = own;
  const hosts = hostsOf(host);
  const ofEtcd = authority.issue({ commonName: `etcd ${site}`, hosts, nowMs, days });
  return [
    ...siteCertificate(authority, request, own),
    { path: 'etcd.pem', text: ofEtcd.certificate },
    { path: 'etcd.key', text: ofEtcd.key, isSecret: true },
  ];
}

/** The files of a site that hold no secret, and depend on nothing else. */
export function publicFiles(
  { layout, version }: Pick<FolderRequest, 'layout' | 'version'>,
  site: PlannedSite,
  keyHash: string,
): NewFile[] {
  return [
    { path: `${site.site}.toml`, text: siteToml(layout, site, keyHash) },
    { path: 'etcd.yaml', text: etcdYaml(layout, site) },
    { path: 'quorate.service', text: siteUnit(layout, site) },
    { path: 'quorate-etcd.service', text: etcdUnit(layout, site) },
    { path: 'compose.yaml', text: composeFile(layout, site, version) },
    { path: 'kubernetes.yaml', text: kubernetesFile(layout, site, version) },
  ];
}

/** For a shell in the folder: `. ./client.env`. */
function clientEnvironment({ sites, ports }: ClusterLayout): string {
  const urls = sites.map(({ site, host }) => `${site}=${urlOf('https', host, ports.http)}`);
  return `# For the command line, in this folder: . ./client.env
export QUORATE_SITES=${urls.join(',')}
export QUORATE_CA="$PWD/ca.pem"
export QUORATE_KEY="$(cat admin.key)"
# For aws and other S3 tools: quorate key create, and one of
${sites.map(({ host }) => `# export AWS_ENDPOINT_URL=${urlOf('https', host, ports.s3)}`).join('\n')}
export AWS_CA_BUNDLE="$PWD/ca.pem"
`;
}
