import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { exchange, readText } from '../../client/site-endpoint.js';
import { parseJson } from '../../client/attempts.js';
import { clientUrl, type SiteConfig } from '../../site/site-config.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { messageOf } from '../folder-transfer.js';
import { readSiteConfig } from '../site-config.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { checkCertificates } from './certificate-checks.js';
import { checkCoordinator } from './coordinator-checks.js';
import { checkDisk } from './disk-checks.js';
import { fault, type Finding, ok } from './finding.js';
import { checkClockRate, checkFileLimit, checkNode } from './machine-checks.js';
import { checkPeers } from './peer-checks.js';
import { checkPorts } from './port-checks.js';

export interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
}

const PROBE_LIMIT_MS = 2000;
const ANSWER_LIMIT_BYTES = 64 * 1024;
const MARKS = { ok: 'ok      ', warning: 'WARNING ', fault: 'FAULT   ' } as const;

/** `quorate doctor`: looks at all that a site needs, and says of each what to do. Changes nothing. */
export async function doctor(world: World, options: DoctorOptions): Promise<ExitCode> {
  const findings = await examine(world, options.config);
  const faults = findings.filter(({ level }) => level === 'fault').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  if (options.json === true) {
    await write(world.out, `${JSON.stringify({ faults, warnings, findings })}\n`);
  } else {
    await write(world.out, `${screen(findings)}\n${verdict(faults, warnings)}\n`);
  }
  return faults === 0 ? EXIT.ok : EXIT.failed;
}

async function examine(world: World, configFile: string | undefined): Promise<Finding[]> {
  const [files, clock] = await Promise.all([checkFileLimit(), checkClockRate()]);
  const machine = [checkNode(), files, clock];
  if (configFile === undefined) return [...machine, ...(await checkDisk(world.folder))];
  const path = resolve(world.folder, configFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const message = `it cannot be read: ${messageOf(error)}`;
    return [fault('configuration', message, 'name a file with --config'), ...machine];
  }
  const read = readSiteConfig(text, configFile, dirname(path));
  if (!read.ok) {
    const wrong = read.message.split('\n');
    const advice = 'change that line; docs/deploy.md has each key';
    return [...wrong.map((line) => fault('configuration', line, advice)), ...machine];
  }
  const { config } = read;
  const valid = ok('configuration', `${configFile} is valid: site ${config.site}`);
  const groups = await Promise.all([
    checkDisk(config.dataFolder),
    isRunning(config).then((running) => checkPorts(config, running)),
    checkCertificates(config, Date.now()),
    checkCoordinator(config),
    checkPeers(config),
  ]);
  return [valid, ...machine, ...groups.flat()];
}

/** Whether this very site answers at its own address. */
async function isRunning(config: SiteConfig): Promise<boolean> {
  const { site, httpPort, tls, host } = config;
  const ca = tls === undefined ? '' : await readFile(tls.caFile, 'utf8').catch(() => '');
  const url = clientUrl({ ...config, publicHost: host }, httpPort).replace('0.0.0.0', '127.0.0.1');
  const endpoint = { site, url, ...(ca !== '' && { ca }) };
  const call = { method: 'GET', path: '/health', silenceLimitMs: PROBE_LIMIT_MS } as const;
  const reply = await exchange(endpoint, call);
  if (reply.kind !== 'reply') return false;
  const answer = parseJson(await readText(reply.body, ANSWER_LIMIT_BYTES));
  return (answer as { site?: unknown } | undefined | null)?.site === site;
}

function screen(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  return findings
    .map((finding) => {
      const line = `${MARKS[finding.level]} ${finding.about.padEnd(width)}  ${finding.message}`;
      const indent = ' '.repeat(MARKS.ok.length + width + 3);
      return finding.level === 'ok' ? line : `${line}\n${indent}-> ${finding.advice}`;
    })
    .join('\n');
}

function verdict(faults: number, warnings: number): string {
  if (faults + warnings === 0) return '\nAll is well.';
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return `\n${count(faults, 'fault')}, ${count(warnings, 'warning')}.`;
}
