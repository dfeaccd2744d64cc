import type { Fault } from './plan.js';
import type { World } from './world.js';

/** Makes one fault happen now. A fault of a site that is down already does nothing. */
export function inflict(world: World, fault: Fault): void {
  const { network, queue, counts, coordinator } = world;
  const others = [...world.sites.keys()];
  switch (fault.kind) {
    case 'crash': {
      const site = world.sites.get(fault.site);
      if (site === undefined || !site.isUp) return;
      counts.crashes += 1;
      site.crash();
      if (fault.wipe && world.loseBytes(site.id)) site.wipe();
      queue.after(fault.downMs, () => site.start());
      return;
    }
    case 'stop': {
      const site = world.sites.get(fault.site);
      if (site === undefined || site.node === null) return;
      site.stop();
      queue.after(2500 + fault.downMs, () => site.start());
      return;
    }
    case 'pause': {
      const clock = world.sites.get(fault.site)?.clock;
      if (clock === undefined) return;
      counts.pauses += 1;
      if (fault.asleep) clock.suspend();
      else clock.pause();
      queue.after(fault.forMs, () => clock.resume());
      return;
    }
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
    case 'coordinator':
      coordinator.setReachable(fault.site, false);
      queue.after(fault.forMs, () => coordinator.setReachable(fault.site, true));
      return;
  }
}
