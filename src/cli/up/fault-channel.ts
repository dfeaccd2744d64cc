import type {
  FaultControl,
  FaultOutcome,
  FaultRequest,
} from '../../gateways/native-http/fault-control.js';
import type { LinkChange } from '../../transport/peer-network.js';
import { type ChildMessage, ParentMessage } from './fault-messages.js';

const ANSWER_LIMIT_MS = 70_000;
const WAITING_LIMIT = 64;

/** A site's end of the channel to the process that started it. */
export class FaultChannel implements FaultControl {
  private readonly waiting = new Map<number, (outcome: FaultOutcome) => void>();
  private nextId = 1;

  constructor(
    private readonly tell: (message: ChildMessage) => void,
    private readonly setLink: (a: string, b: string, change: LinkChange) => void,
  ) {}

  /** Takes what the other process says; anything else is left alone. */
  receive(raw: unknown): void {
    const parsed = ParentMessage.safeParse(raw);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.kind === 'link') return this.setLink(data.a, data.b, data.change);
    this.waiting.get(data.id)?.(data.outcome);
  }

  act(request: FaultRequest | null): Promise<FaultOutcome> {
    if (this.waiting.size >= WAITING_LIMIT) {
      return Promise.resolve({ ok: false, message: 'as much is under way as may be' });
    }
    const id = this.nextId++;
    return new Promise((resolve) => {
      const settle = (outcome: FaultOutcome): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(outcome);
      };
      const timer = setTimeout(
        () => settle({ ok: false, message: 'it was not done in time' }),
        ANSWER_LIMIT_MS,
      );
      timer.unref();
      this.waiting.set(id, settle);
      this.tell({ kind: 'fault', id, request });
    });
  }
}
