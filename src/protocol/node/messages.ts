import type { EndAnswer, ReadAnswer, WriteAnswer, WriteRequest } from '../request.js';
import type { Position } from '../log-entry.js';
import type { ShardMessage } from '../shard/messages.js';

/** What sites say to each other on a control session. */
export type SiteMessage =
  | {
      readonly kind: 'shard';
      readonly shard: string;
      readonly message: ShardMessage;
      /** What operators know some of its entries by; means nothing to the protocol. */
      readonly traces?: readonly { readonly seq: number; readonly parent: string }[];
    }
  | {
      readonly kind: 'submit';
      readonly id: number;
      /** The run of the sending process: with `id`, names this attempt for ever. */
      readonly run: string;
      /** The epoch of the primary it is meant for; another one refuses it. */
      readonly epoch: number;
      readonly shard: string;
      readonly request: WriteRequest;
    }
  | {
      readonly kind: 'submitted';
      readonly id: number;
      /** The run that asked: an answer to an earlier run is nobody's. */
      readonly run: string;
      readonly answer: WriteAnswer;
    }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly run: string;
      readonly shard: string;
      readonly name: string;
      /** The newest version in the asking site's log: its content need not travel. */
      readonly held: Position | null;
      /** Whether the asking site wants to keep it under lease. */
      readonly keep: boolean;
      /** What operators know the request by. */
      readonly trace?: string | undefined;
    }
  | {
      readonly kind: 'asked';
      readonly id: number;
      readonly run: string;
      readonly answer: ReadAnswer;
    }
  | {
      readonly kind: 'ask-end';
      readonly id: number;
      readonly run: string;
      readonly shard: string;
      /** The bucket that the asking site wants to list without asking from then on. */
      readonly catalogue?: string;
      readonly trace?: string | undefined;
    }
  | {
      readonly kind: 'ended';
      readonly id: number;
      readonly run: string;
      readonly answer: EndAnswer;
    };
