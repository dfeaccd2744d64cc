import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { ConsoleBrowser } from './console-browser.ts';

const MIB = 1024 * 1024;
/** A little more than is shown of a PDF file. */
const LARGE_BYTES = 65 * MIB;

/** What a file's page shows of media, and how much of them it fetches for that. */
export function previewTests(at: () => ConsoleBrowser): void {
  it('plays a large sound by ranges, from any place, without fetching it whole', async () => {
    await at().put('docs/media/long.wav', wave(LARGE_BYTES), 'audio/wav');
    const page = await at().open('lon', '#/files/docs/media/');
    const fetched = await contentFetched(page);
    await page.getByRole('link', { name: 'long.wav' }).click();
    const audio = page.locator('audio');
    const told = (property: string) =>
      audio.evaluate((element, name) => Number(Reflect.get(element, name)), property);
    await expect.poll(() => told('duration'), { timeout: 20_000 }).toBeGreaterThan(4000);
    const laterS = (await told('duration')) - 1;
    await audio.evaluate(
      (element: HTMLAudioElement, seconds) =>
        new Promise((resolve) => {
          element.addEventListener('seeked', resolve, { once: true });
          element.currentTime = seconds;
        }),
      laterS,
    );
    expect(await told('currentTime')).toBeCloseTo(laterS, 1);
    expect(fetched.answers.map(({ status }) => status)).toEqual(fetched.answers.map(() => 206));
    const starts = fetched.answers.map(({ range }) => Number(/^bytes (\d+)-/.exec(range)?.[1]));
    expect(Math.max(...starts)).toBeGreaterThan(LARGE_BYTES - 4 * MIB);
    expect(fetched.bytes()).toBeLessThan(LARGE_BYTES / 2);
  });

  it('plays a video by ranges', async () => {
    const page = await at().open('nyc', '#/files/docs/');
    const film = Buffer.from(await page.evaluate(recordedFilm), 'base64');
    await at().put('docs/media/short.webm', film, 'video/webm');
    const fetched = await contentFetched(page);
    await page.goto(`${at().store.url('nyc')}/#/file/docs/media/short.webm`);
    const video = page.locator('video');
    const told = () =>
      video.evaluate((element: HTMLVideoElement) => [
        element.videoWidth,
        element.videoHeight,
        element.readyState >= element.HAVE_CURRENT_DATA,
      ]);
    await expect.poll(told, { timeout: 20_000 }).toEqual([64, 48, true]);
    expect(fetched.answers.length).toBeGreaterThan(0);
    expect(fetched.answers.map(({ status }) => status)).toEqual(fetched.answers.map(() => 206));
  });

  it('shows a PDF file, fetches nothing of one that is too large, and says what it cannot show', async () => {
    await at().put('docs/media/paper.pdf', pdf(), 'application/pdf');
    await at().put('docs/media/large.pdf', Buffer.alloc(LARGE_BYTES, 'pdf'), 'application/pdf');
    await at().put('docs/media/broken.webm', 'this is no film', 'video/webm');
    const page = await at().open('tor', '#/files/docs/media/');
    const fetched = await contentFetched(page);
    // The browser's own viewer takes the copy.
    const viewer = page.waitForRequest(/^chrome-extension:.*\/index\.html$/);
    await page.getByRole('link', { name: 'paper.pdf' }).click();
    await page.locator('iframe[src^="blob:"]').waitFor();
    await viewer;
    expect(fetched.bytes()).toBe(pdf().length);
    fetched.answers.length = 0;
    await page.goto(`${at().store.url('tor')}/#/file/docs/media/large.pdf`);
    await page.getByText('too large to be shown').waitFor();
    expect(fetched.answers).toEqual([]);
    await page.goto(`${at().store.url('tor')}/#/file/docs/media/broken.webm`);
    await page.getByText('The browser cannot show this').waitFor();
    // A fault in between is no PDF file.
    await page.route(/paper\.pdf\?version=/, (route) => route.fulfill({ status: 503, body: '{}' }));
    await page.goto(`${at().store.url('tor')}/#/file/docs/media/paper.pdf`);
    await page.getByText('The site says 503.').waitFor();
    at().complaints = at().complaints.filter((said) => !said.includes('503'));
  });
}

interface ContentFetched {
  readonly answers: { readonly status: number; readonly range: string }[];
  /** Of all answers together, as far as they have come. */
  bytes(): number;
}

/** Follows what a page fetches of files' content. */
async function contentFetched(page: Page): Promise<ContentFetched> {
  const session = await page.context().newCDPSession(page);
  const answers: ContentFetched['answers'] = [];
  const content = new Set<string>();
  let bytes = 0;
  session.on('Network.responseReceived', ({ requestId, response }) => {
    if (!/\/v1\/files\/.*\?version=/.test(response.url)) return;
    content.add(requestId);
    const headers = new Map(Object.entries(response.headers));
    const [, range = ''] = [...headers].find(([name]) => /^content-range$/i.test(name)) ?? [];
    answers.push({ status: response.status, range });
  });
  session.on('Network.dataReceived', ({ requestId, dataLength }) => {
    if (content.has(requestId)) bytes += dataLength;
  });
  await session.send('Network.enable');
  return { answers, bytes: () => bytes };
}

/** Silence of 16 bits, 8,000 times a second. */
function wave(size: number): Buffer {
  const file = Buffer.alloc(size);
  file.write('RIFF', 0);
  file.writeUInt32LE(size - 8, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(16_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(size - 44, 40);
  return file;
}

/** An empty page. */
function pdf(): Buffer {
  return Buffer.from(
    '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n' +
      '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n' +
      '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n' +
      'trailer<</Root 1 0 R>>\n%%EOF\n',
  );
}

/** In the page: a film of some moving squares, in base64. */
async function recordedFilm(): Promise<string> {
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 48;
  const context = canvas.getContext('2d');
  const stream = canvas.captureStream(20);
  const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8' });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const ended = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let frame = 0; frame < 10; frame += 1) {
    context?.fillRect(frame * 4, frame * 2, 8, 8);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
