import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientSites, isInstalled } from './client-test-kit.js';

/*
 * Programs that people have, unchanged, each through its whole cycle: written at one site, read at
 * another. One that is not installed is left out, and the report says so.
 */

const MEBIBYTE = 1024 * 1024;
const BIG_BYTES = 12 * MEBIBYTE + 17;

/** Each of its fifteen commands starts an interpreter, which takes seconds on a busy machine. */
const AWS_LIMIT_MS = 180_000;

let sites: ClientSites;
let big: string;
let small: string;

beforeAll(async () => {
  sites = await ClientSites.start();
  await mkdir(sites.path('source', 'sub'), { recursive: true });
  big = await sites.file('source/big', BIG_BYTES);
  small = await sites.file('source/sub/small ü', 3000);
  await mkdir(sites.path('.aws'));
  // Before its second version, aws signs addresses as S3 did long ago unless it is told.
  await writeFile(sites.path('.aws/config'), '[default]\ns3 =\n  signature_version = s3v4\n');
});

afterAll(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

const hasAws = isInstalled('aws', '--version');
const hasS3cmd = isInstalled('s3cmd', '--version');
const hasRclone = isInstalled('rclone', 'version');
const hasRestic = isInstalled('restic', 'version');

describe.skipIf(!hasAws)('aws-cli (left out where it is not installed)', () => {
  const aws = (site: string, ...given: readonly string[]): Promise<string> =>
    sites.run('aws', ['--endpoint-url', sites.url(site), ...given]);

  it(
    'copies, lists, reads ranges, writes on conditions, keeps versions and removes',
    async () => {
      await aws('nyc', 's3', 'mb', 's3://aws');
      await aws('nyc', 's3', 'cp', '--no-progress', 'source/big', 's3://aws/big');
      await aws('lon', 's3', 'sync', '--no-progress', 'source', 's3://aws/all');
      expect(await aws('tor', 's3', 'ls', '--recursive', 's3://aws')).toMatch(
        /all\/big\n.*all\/sub\/small ü\n.*big\n$/,
      );
      await aws('lon', 's3', 'cp', '--no-progress', 's3://aws/big', 'aws-big');
      expect(await sites.hashOf('aws-big')).toBe(big);
      const range = ['--range', 'bytes=0-99', 'aws-range'];
      await aws('tor', 's3api', 'get-object', '--bucket', 'aws', '--key', 'big', ...range);
      const whole = await readFile(sites.path('source/big'));
      expect(Buffer.compare(await readFile(sites.path('aws-range')), whole.subarray(0, 100))).toBe(
        0,
      );

      const status = ['--versioning-configuration', 'Status=Enabled'];
      await aws('nyc', 's3api', 'put-bucket-versioning', '--bucket', 'aws', ...status);
      await writeFile(sites.path('text'), 'one');
      await aws('nyc', 's3', 'cp', '--no-progress', 'text', 's3://aws/text');
      await writeFile(sites.path('text'), 'two');
      await aws('lon', 's3', 'cp', '--no-progress', 'text', 's3://aws/text');
      await aws('tor', 's3', 'rm', 's3://aws/text');
      const listed = JSON.parse(
        await aws('nyc', 's3api', 'list-object-versions', '--bucket', 'aws', '--prefix', 'text'),
      ) as {
        readonly Versions: readonly { readonly VersionId: string }[];
        readonly DeleteMarkers: readonly { readonly VersionId: string }[];
      };
      expect([listed.Versions.length, listed.DeleteMarkers.length]).toEqual([2, 1]);
      const marker = ['--key', 'text', '--version-id', listed.DeleteMarkers[0]!.VersionId];
      await aws('lon', 's3api', 'delete-object', '--bucket', 'aws', ...marker);
      expect(await aws('tor', 's3', 'cp', 's3://aws/text', '-')).toBe('two');
      const oldest = ['--key', 'text', '--version-id', listed.Versions[1]!.VersionId, 'aws-old'];
      await aws('tor', 's3api', 'get-object', '--bucket', 'aws', ...oldest);
      expect(await readFile(sites.path('aws-old'), 'utf8')).toBe('one');

      await aws('lon', 's3', 'mv', 's3://aws/big', 's3://aws/moved');
      await aws('nyc', 's3', 'rm', '--recursive', 's3://aws');
      expect(await aws('lon', 's3', 'ls', '--recursive', 's3://aws')).toBe('');
    },
    AWS_LIMIT_MS,
  );

  it('signs addresses that anybody can read, and syncs only what changed', async () => {
    await aws('lon', 's3', 'mb', 's3://aws-signed');
    await aws('lon', 's3', 'sync', '--no-progress', 'source', 's3://aws-signed');
    const url = await aws('tor', 's3', 'presign', 's3://aws-signed/sub/small ü');
    const answer = await fetch(url.trim());
    const read = createHash('sha256').update(new Uint8Array(await answer.arrayBuffer()));
    expect(read.digest('hex')).toBe(small);
    expect(await aws('nyc', 's3', 'sync', '--no-progress', 'source', 's3://aws-signed')).toBe('');
  });
});

describe.skipIf(!hasS3cmd)('s3cmd (left out where it is not installed)', () => {
  const s3cmd = (site: string, ...given: readonly string[]): Promise<string> => {
    const host = `127.0.0.1:${sites.port(site)}`;
    const where = ['--config=/dev/null', `--host=${host}`, `--host-bucket=${host}`, '--no-ssl'];
    const keys = [`--access_key=${sites.key.id}`, `--secret_key=${sites.key.secret}`];
    return sites.run('s3cmd', [...where, ...keys, '--no-progress', ...given]);
  };

  it('puts in parts, gets, copies, moves and removes', async () => {
    await s3cmd('nyc', 'mb', 's3://s3cmd');
    await s3cmd('nyc', 'put', '--multipart-chunk-size-mb=5', 'source/big', 's3://s3cmd/big');
    await s3cmd('lon', 'put', 'source/sub/small ü', 's3://s3cmd/sub/small ü');
    expect(await s3cmd('tor', 'ls', '-r', 's3://s3cmd')).toContain('s3://s3cmd/sub/small ü');
    await s3cmd('lon', 'get', 's3://s3cmd/big', 's3cmd-big');
    expect(await sites.hashOf('s3cmd-big')).toBe(big);
    expect(await s3cmd('tor', 'info', 's3://s3cmd/big')).toContain(`File size: ${BIG_BYTES}`);
    await s3cmd('tor', 'cp', 's3://s3cmd/big', 's3://s3cmd/copy');
    await s3cmd('lon', 'mv', 's3://s3cmd/copy', 's3://s3cmd/moved');
    await s3cmd('nyc', 'put', 'source/sub/small ü', 's3://s3cmd/big');
    await s3cmd('lon', 'get', '--force', 's3://s3cmd/big', 's3cmd-big');
    expect(await sites.hashOf('s3cmd-big')).toBe(small);
    await s3cmd('tor', 'del', '-r', '--force', 's3://s3cmd');
    await s3cmd('nyc', 'rb', 's3://s3cmd');
    expect(await s3cmd('lon', 'ls')).not.toContain('s3://s3cmd');
  });

  it('continues a download that was cut off, and syncs a folder', async () => {
    await s3cmd('lon', 'mb', 's3://s3cmd-folder');
    await s3cmd('lon', 'sync', 'source/', 's3://s3cmd-folder/');
    const whole = await readFile(sites.path('source/big'));
    await writeFile(sites.path('s3cmd-rest'), whole.subarray(0, 9_000_001));
    await s3cmd('tor', 'get', '--continue', 's3://s3cmd-folder/big', 's3cmd-rest');
    expect(await sites.hashOf('s3cmd-rest')).toBe(big);
    await mkdir(sites.path('s3cmd-back'));
    await s3cmd('nyc', 'sync', 's3://s3cmd-folder/', 's3cmd-back/');
    expect(await sites.hashOf('s3cmd-back/big')).toBe(big);
  });
});

describe.skipIf(!hasRclone)('rclone (left out where it is not installed)', () => {
  const rclone = (...given: readonly string[]): Promise<string> => {
    const env: NodeJS.ProcessEnv = { RCLONE_CONFIG: '/dev/null' };
    for (const site of ['nyc', 'tor', 'lon']) {
      const name = `RCLONE_CONFIG_${site.toUpperCase()}`;
      env[`${name}_TYPE`] = 's3';
      env[`${name}_PROVIDER`] = 'Other';
      env[`${name}_ENV_AUTH`] = 'true';
      env[`${name}_ENDPOINT`] = sites.url(site);
      env[`${name}_CHUNK_SIZE`] = '5M';
      env[`${name}_UPLOAD_CUTOFF`] = '6M';
    }
    return sites.run('rclone', given, env);
  };

  it('copies a folder, finds no difference, syncs, reads a range and purges', async () => {
    await rclone('mkdir', 'nyc:rclone');
    await rclone('copy', 'source', 'nyc:rclone/x');
    await rclone('check', '--download', 'source', 'lon:rclone/x');
    await rclone('check', 'source', 'tor:rclone/x');
    const tail = await rclone('cat', '--offset', '2990', 'lon:rclone/x/sub/small ü');
    expect(tail.length).toBeGreaterThan(0);
    await sites.file('source/sub/more', 100);
    await rclone('sync', 'source', 'lon:rclone/x');
    expect((await rclone('lsf', '-R', '--files-only', 'tor:rclone/x')).split('\n').sort()).toEqual([
      '',
      'big',
      'sub/more',
      'sub/small ü',
    ]);
    await rclone('moveto', 'tor:rclone/x/big', 'tor:rclone/y/big');
    await rclone('copyto', 'nyc:rclone/y/big', 'rclone-big');
    expect(await sites.hashOf('rclone-big')).toBe(big);
    await rclone('purge', 'lon:rclone');
    expect(await rclone('lsd', 'nyc:')).not.toContain('rclone');
  });

  it('keeps versions, copies old ones back, and deletes them all', async () => {
    await rclone('mkdir', 'nyc:rclone-kept');
    await rclone('backend', 'versioning', 'nyc:rclone-kept', 'Enabled');
    for (const [site, text] of [
      ['tor', 'one'],
      ['lon', 'longer'],
    ] as const) {
      await writeFile(sites.path('kept'), text);
      await rclone('copyto', 'kept', `${site}:rclone-kept/a`);
    }
    await rclone('deletefile', 'nyc:rclone-kept/a');
    expect(await rclone('lsf', 'lon:rclone-kept')).toBe('');
    await rclone('copy', '--s3-versions', 'lon:rclone-kept', 'rclone-old');
    const old = (await readdir(sites.path('rclone-old'))).sort();
    expect(old.map((name) => name.slice(0, 3))).toEqual(['a-v', 'a-v']);
    const texts = old.map((name) => readFile(sites.path('rclone-old', name), 'utf8'));
    expect(await Promise.all(texts)).toEqual(['one', 'longer']);
    await rclone('delete', '--s3-versions', 'tor:rclone-kept');
    await rclone('backend', 'cleanup-hidden', 'tor:rclone-kept');
    await rclone('purge', 'nyc:rclone-kept');
    expect(await rclone('lsd', 'lon:')).not.toContain('rclone-kept');
  });
});

describe.skipIf(!hasRestic)('restic (left out where it is not installed)', () => {
  const restic = (site: string, ...given: readonly string[]): Promise<string> =>
    sites.run('restic', given, {
      RESTIC_PASSWORD: 'secret',
      RESTIC_REPOSITORY: `s3:${sites.url(site)}/restic`,
    });

  it('backs up at one site, checks and restores at another, and prunes', async () => {
    await restic('nyc', 'init');
    await restic('nyc', 'backup', '--quiet', 'source');
    await restic('lon', 'check', '--read-data');
    await restic('lon', 'restore', '--quiet', 'latest', '--target', 'restored');
    expect(await sites.hashOf('restored/source/big')).toBe(big);
    await appendFile(sites.path('source/sub/small ü'), 'more');
    await restic('tor', 'backup', '--quiet', 'source');
    await restic('lon', 'forget', '--quiet', '--keep-last', '1', '--prune');
    await restic('nyc', 'check', '--read-data');
    expect(JSON.parse(await restic('tor', 'snapshots', '--json'))).toHaveLength(1);
  });
});
