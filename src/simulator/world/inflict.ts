import type { Ambush, Fault } from './fault.js';
import type { World } from './world.js';

/** Makes one fault happen now. A fault of a site that is down already does nothing. */
export function inflict(world: World, fault: Fault): void {
  const { network, queue, counts, coordinator } = world;
  const others = [...world.sites.keys()];
  switch (fault.kind) {
    case 'crash':
      return crash(world, fault);
    case 'stop': {
      const site = world.sites.get(fault.site);
      if (site === undefined || site.node === null) return;
      site.stop();
      queue.after(2500 + fault.downMs, () => site.start());
      return;
    }
    case 'pause':
      return pause(world, fault);
    case 'jump':
      world.sites.get(fault.site)?.clock.jumpWall(fault.byMs);
      return;
    case 'rot':
      if (world.loseBytes(fault.site)) world.diskAt(fault.site, fault.shardIndex)?.rot();
      return;
    case 'full':
      world
        .diskAt(fault.site, fault.shardIndex)
        ?.fail({ kind: 'disk_full', message: 'no space left on the simulated disk' });
      return;
    case 'partition': {
      const rest = others.filter((id) => !fault.sites.includes(id));
      network.partition(fault.sites, rest, fault.forMs, fault.oneWay ? 'asymmetric' : 'symmetric');
      return;
    }
    case 'clog':
      network.clog(fault.from, fault.to, fault.forMs);
      return;
    case 'break':
      network.breakSession(fault.from, fault.to);
      return;
    case 'cut':
    case 'client-pause':
    case 'vanish':
      return inflictOnClient(world, fault);
    case 'coordinator':
      coordinator.cutOff(fault.site, fault.forMs);
      return;
    case 'link':
      network.block(fault.from, fault.to, fault.forMs);
      network.block(fault.to, fault.from, fault.forMs);
      return;
    case 'sites':
      world.operator.carryOut(fault);
      return;
    case 'blackout':
      others.forEach((site, index) => {
        const downMs = fault.downMs[index] ?? 0;
        const { atMs } = fault;
        inflict(world, { kind: 'crash', atMs, site, downMs, wipe: false, loseView: false });
      });
      return;
    case 'estrange': {
      const { site, afterMs, forMs } = fault;
      inflict(world, { kind: 'coordinator', atMs: fault.atMs, site, forMs: afterMs + forMs });
      queue.after(afterMs, () => {
        const atMs = queue.nowMs;
        inflict(world, { kind: 'partition', atMs, sites: [site], forMs, oneWay: false });
      });
      return;
    }
    case 'restore':
      counts.restores += 1;
      return coordinator.restore('claim/');
    case 'ambush':
      lieInWait(world, fault);
      return;
  }
}

/** What happens to a client that has a cache; another one notices nothing. */
function inflictOnClient(
  world: World,
  fault: Extract<Fault, { kind: 'cut' | 'client-pause' | 'vanish' }>,
): void {
  const cache = world.cacheOf(fault.client);
  if (cache === undefined) return;
  switch (fault.kind) {
    case 'cut':
      world.counts.sessionsCut += 1;
      return cache.cut(fault.siteMs, fault.clientMs);
    case 'client-pause':
      if (fault.asleep) cache.clock.suspend();
      else cache.clock.pause();
      world.queue.after(fault.forMs, () => cache.clock.resume());
      return;
    case 'vanish':
      return cache.vanish();
  }
}

function lieInWait(world: World, ambush: Ambush): void {
  const { onEvent } = world;
  world.onEvent = (site, event) => {
    if (event.kind !== ambush.event) return onEvent(site, event);
    world.onEvent = onEvent;
    strike(world, ambush, site);
  };
}

function strike(world: World, ambush: Ambush, at: string): void {
  const { queue, counts } = world;
  counts.ambushes += 1;
  const ids = [...world.sites.keys()];
  const site = ids[(ids.indexOf(at) + ambush.offset) % ids.length] ?? at;
  const { act, forMs } = ambush;
  queue.after(ambush.afterMs, () => {
    const atMs = queue.nowMs;
    if (act === 'crash') {
      inflict(world, { kind: 'crash', atMs, site, downMs: forMs, wipe: false, loseView: false });
    } else if (act === 'stop') inflict(world, { kind: 'stop', atMs, site, downMs: forMs });
    else if (act === 'restore') inflict(world, { kind: 'restore', atMs });
    else if (act === 'blackout') {
      const downMs = ids.map((_, index) => (forMs * (1 + ((index + ambush.offset) % 3))) / 2);
      inflict(world, { kind: 'blackout', atMs, downMs });
    } else {
      if (act !== 'isolate') inflict(world, { kind: 'coordinator', atMs, site, forMs });
      if (act !== 'coordinator') {
        inflict(world, { kind: 'partition', atMs, sites: [site], forMs, oneWay: false });
      }
    }
  });
}

function pause(world: World, fault: Extract<Fault, { kind: 'pause' }>): void {
  const { queue, network } = world;
  const site = world.sites.get(fault.site);
  if (site === undefined) return;
  const { clock } = site;
  if (fault.asleep) {
    if (!clock.suspend()) return;
    // What is sent to a sleeping machine is lost, and its sessions break meanwhile.
    const { atMs } = fault;
    const forMs = fault.forMs + fault.deafMs;
    network.isolate(site.id, forMs);
    inflict(world, { kind: 'coordinator', atMs, site: site.id, forMs });
  } else clock.pause();
  world.counts.pauses += 1;
  if (site.isUp) world.siteIs(site.id, fault.asleep ? 'asleep' : 'paused');
  queue.after(fault.forMs, () => {
    clock.resume();
    if (site.isUp) world.siteIs(site.id, 'up');
  });
}

function crash(world: World, fault: Extract<Fault, { kind: 'crash' }>): void {
  const site = world.sites.get(fault.site);
  if (site === undefined || !site.isUp) return;
  world.counts.crashes += 1;
  site.crash();
  if (fault.wipe && world.loseBytes(site.id)) site.wipe();
  else if (fault.loseView && world.loseBytes(site.id)) site.loseViews();
  world.queue.after(fault.downMs, () => site.start());
}
