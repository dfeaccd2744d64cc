import { ORIGIN, type Position } from '../../protocol/log-entry.js';
import type { OwnershipRecord } from '../../protocol/ports.js';
import { isCount } from '../entry-codec.js';
import { nameKey, POSITION_KEY, RecordKind } from './record-keys.js';
import { seal } from './record-values.js';
import { patternText } from './view-semantics.js';

export function positionFrom(value: unknown): Position {
  const [epoch, seq] = Array.isArray(value) ? (value as unknown[]) : [];
  // Without a position that can be believed everything has to be applied again.
  return isCount(epoch) && isCount(seq) ? { epoch, seq } : ORIGIN;
}

export function sealPosition(position: Position): Buffer {
  return seal(POSITION_KEY, [position.epoch, position.seq]);
}

export const CONFIGURATION_KEY = Uint8Array.of(RecordKind.configuration);

export function ownershipKey(record: OwnershipRecord): Buffer {
  return nameKey(RecordKind.ownership, patternText(record.pattern));
}
