import { createServer, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod';

const nanoseconds = z.string().regex(/^\d{19}$/);
const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value }));
const spanId = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/);

const CollectedSpan = z.strictObject({
  traceId: z.string().regex(/^(?!0+$)[0-9a-f]{32}$/),
  spanId,
  parentSpanId: spanId.optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  status: z.strictObject({ code: z.literal(2), message: z.string() }).optional(),
});

/** The requests of OTLP as far as they hold spans; anything that is not in it is refused. */
const ExportRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(CollectedSpan),
        }),
      ),
    }),
  ),
});

export type CollectedSpan = z.infer<typeof CollectedSpan> & { readonly site: string };

type Answer = (response: ServerResponse) => void;

/** For tests: a collector that reads strictly what it is sent. */
export class TestCollector {
  readonly spans: CollectedSpan[] = [];
  readonly faults: string[] = [];
  requests = 0;
  /** How it answers; null: it takes everything. */
  answer: Answer | null = null;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TestCollector> {
    const server = createServer();
    const collector = new TestCollector(server);
    server.on('request', (request, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        collector.requests += 1;
        if (request.url !== '/v1/traces' || request.method !== 'POST') {
          collector.faults.push(`${request.method} ${request.url}`);
        }
        if (collector.answer !== null) return collector.answer(response);
        collector.take(Buffer.concat(pieces).toString());
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private take(text: string): void {
    const parsed = ExportRequest.safeParse(JSON.parse(text));
    if (!parsed.success) return void this.faults.push(parsed.error.message);
    for (const { resource, scopeSpans } of parsed.data.resourceSpans) {
      const id = resource.attributes.find(({ key }) => key === 'service.instance.id')?.value;
      const site = id !== undefined && 'stringValue' in id ? id.stringValue : '';
      for (const { spans } of scopeSpans)
        this.spans.push(...spans.map((span) => ({ ...span, site })));
    }
  }
}
