import { randomUUID } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { MEMBER_DAYS } from '../../certificates/certificate-authority.js';
import { PROGRAM_VERSION } from '../../site/cluster-status.js';
import { readBasePort } from '../cluster-address.js';
import { EXIT, type ExitCode, UsageError } from '../exit-code.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { writeClusterFolder } from './cluster-folder.js';
import { type ClusterLayout, planLayout } from './cluster-layout.js';

export interface InitOptions {
  readonly site: readonly string[];
  readonly out: string;
  readonly data: string;
  readonly basePort: string;
  readonly days?: string;
}

const LONGEST_DAYS = 3650;

/** `quorate init`: writes the folder of a new cluster. */
export async function init(world: World, options: InitOptions): Promise<ExitCode> {
  const layout = planLayout({
    clusterId: randomUUID(),
    sites: options.site,
    basePort: readBasePort(options.basePort),
    dataFolder: options.data,
  });
  if ('length' in layout) throw new UsageError(layout.join('\nquorate: '));
  const folder = resolve(world.folder, options.out);
  const days = readDays(options.days);
  const request = { layout, version: PROGRAM_VERSION, nowMs: Date.now(), days };
  const written = await writeClusterFolder(folder, request);
  if (!written.ok) {
    await write(world.err, `quorate: ${written.message}\n`);
    return EXIT.failed;
  }
  const shown = relative(world.folder, folder);
  await write(world.out, nextSteps(layout, shown === '' ? '.' : shown));
  return EXIT.ok;
}

/** How long certificates are to be valid. */
export function readDays(text: string | undefined): number {
  if (text === undefined) return MEMBER_DAYS;
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= LONGEST_DAYS) return days;
  throw new UsageError(`--days ${text}: it has to be 1 to ${LONGEST_DAYS}`);
}

function nextSteps({ sites, ports, configFolder }: ClusterLayout, folder: string): string {
  const [first] = sites;
  const { http, s3, peer, etcdClient, etcdPeer } = ports;
  return [
    `${folder} holds a cluster of ${sites.length} site${sites.length === 1 ? '' : 's'}:`,
    '',
    ...sites.map(({ site, host }) => `  ${folder}/${site}/  goes to ${host}, as ${configFolder}/`),
    `  ${folder}/ca.key and admin.key stay here: keep them safe, and copies elsewhere`,
    '',
    `Each machine needs node and etcd, and these ports open: ${http} and ${s3} to clients,`,
    `${peer}, ${etcdClient} and ${etcdPeer} to the other sites. On each of them, for ${first?.site ?? ''}:`,
    '',
    `  quorate doctor --config ${configFolder}/${first?.site ?? ''}.toml`,
    `  cp ${configFolder}/*.service /etc/systemd/system/ && systemctl enable --now quorate-etcd quorate`,
    '',
    `Then here:  cd ${folder} && . ./client.env && quorate status`,
    'All of it, step by step: docs/deploy.md',
    '',
  ].join('\n');
}
