import type { Histogram, MetricPage, MetricRegistry } from './metric-registry.js';

const STEP_MS = 50;

/** Measures how late timers are, and tells of memory and processor time when asked. */
export class ProcessMetrics {
  private readonly delay: Histogram;
  private readonly timer: NodeJS.Timeout;
  private dueMs = performance.now() + STEP_MS;

  constructor(registry: MetricRegistry) {
    this.delay = registry.histogram('quorate_event_loop_delay_seconds');
    registry.collect((page) => tell(page));
    this.timer = setInterval(() => this.step(), STEP_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private step(): void {
    const nowMs = performance.now();
    this.delay.observe(Math.max(0, nowMs - this.dueMs) / 1000);
    this.dueMs = nowMs + STEP_MS;
  }
}

function tell(page: MetricPage): void {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  page.sample('quorate_heap_used_bytes', heapUsed);
  page.sample('quorate_array_buffers_bytes', arrayBuffers);
  page.sample('process_resident_memory_bytes', rss);
  page.sample('process_cpu_seconds_total', (user + system) / 1e6);
  page.sample('process_start_time_seconds', performance.timeOrigin / 1000);
}
