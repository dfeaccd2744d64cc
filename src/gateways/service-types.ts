import type { FileService, WriteOutcome } from '../site/file-service.js';

/*
 * What the file service speaks of, named for the gateways, which stand on it alone and know
 * nothing of the layers below.
 */

export type FileVersion = Extract<WriteOutcome, { outcome: 'committed' }>['file'];
export type Content = NonNullable<FileVersion['content']>;
export type ChunkRef = Extract<Content, { kind: 'chunked' }>['chunks'][number];
export type PrimaryTable = NonNullable<Awaited<ReturnType<FileService['primaryTable']>>>;
export type TableRule = PrimaryTable['rules'][number];
