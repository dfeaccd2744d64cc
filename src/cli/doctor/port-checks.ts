import { createServer } from 'node:net';
import type { SiteConfig } from '../../site/site-config.js';
import { fault, type Finding, ok } from './finding.js';
import { portOwner } from './port-owner.js';

/** Whether the site's ports can be had; `isRunning`: this site answers on its own address already. */
export function checkPorts(config: SiteConfig, isRunning: boolean): Promise<Finding[]> {
  const { host, httpPort, s3Port, peerPort } = config;
  const ports: (readonly [string, number | undefined])[] = [
    ['port for clients', httpPort],
    ['port for S3', s3Port],
    ['port for sites', peerPort],
  ];
  return Promise.all(
    ports.flatMap(([about, port]) =>
      port === undefined ? [] : [checkPort(about, host, port, isRunning)],
    ),
  );
}

async function checkPort(
  about: string,
  host: string,
  port: number,
  isRunning: boolean,
): Promise<Finding> {
  const code = await failureToListen(host, port);
  const where = `${port} of ${host}`;
  if (code === null) return ok(about, `${where} is free`);
  if (code === 'EADDRINUSE') {
    const owner = (await portOwner(port)) ?? 'a process that is not shown to this user';
    if (isRunning) return ok(about, `${where} is this site's, which runs: ${owner}`);
    const advice = 'stop that, or give the site another port';
    return fault(about, `${where} is taken by ${owner}`, advice);
  }
  if (code === 'EADDRNOTAVAIL') {
    const advice = 'set host to an address of this machine, or to 0.0.0.0 with public_host';
    return fault(about, `${host} is no address of this machine`, advice);
  }
  const advice = code === 'EACCES' ? 'use ports above 1023' : 'see whether host is right';
  return fault(about, `${where} cannot be listened on: ${code}`, advice);
}

function failureToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
