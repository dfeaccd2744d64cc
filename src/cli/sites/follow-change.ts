import type { ClusterAnswer } from '../../client/answers.js';
import type { SitePlace } from '../../client/http-client.js';
import { viewsOf } from '../cluster-commands.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { pause } from '../pause.js';
import type { Session } from '../session.js';
import { changeLines } from '../status-screen.js';

/** Between two looks. */
export const LOOK_EVERY_MS = 1000;

export interface FollowedChange {
  readonly site: string;
  /** What has come of it, once nothing is under way any more: the sentence, and whether it is good. */
  readonly ended: (cluster: ClusterAnswer) => readonly [isDone: boolean, text: string];
}

/** Says how far a change of sites is until it is done; Ctrl-C leaves it to go on by itself. */
export async function followChange(
  session: Session,
  { site, ended }: FollowedChange,
): Promise<ExitCode> {
  let told = '';
  while (!session.world.stopped.aborted) {
    const views = await viewsOf(session);
    const source = views.find(
      ({ cluster, endpoint }) => cluster && endpoint.site !== site,
    )?.cluster;
    if (source && source.change == null) {
      const [isDone, text] = ended(source);
      await session.show({ site, done: isDone }, () => text);
      return isDone ? EXIT.ok : EXIT.failed;
    }
    const line = source ? (changeLines(source, views).at(-1) ?? '') : '';
    if (line !== told && line !== '') await session.note(line);
    told = line;
    await pause(LOOK_EVERY_MS, session.world.stopped);
  }
  await session.note('It goes on without this command: quorate status says how far it is.');
  return EXIT.failed;
}

/** Whether the cluster counts on the site. */
export function counts({ sites }: ClusterAnswer, name: string): boolean {
  return sites.some((each) => each.site === name && each.counts !== false);
}

/** `host:port,url`: where a site is for the other sites and for clients. */
export function readPlace(site: string, text: string, city: string | undefined): SitePlace {
  const [, host = '', port = '', url = ''] = /^([^,]+):(\d{1,5}),(https?:\/\/.+)$/.exec(text) ?? [];
  if (host === '' || !URL.canParse(url)) {
    throw new UsageError(`--at "${text}": expected host:port,url as in the example`);
  }
  return { display_name: city ?? site, host, peer_port: Number(port), http_url: url };
}
