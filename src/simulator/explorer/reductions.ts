/**
 * Ways to leave out states whose exploration cannot find what others do not. All rest on this: a
 * message, once sent, may arrive at any later time, again, or never. So what a site can do depends
 * on its own state and on which messages were sent so far, each site's moves commute with those of
 * the others, and of two states that differ only in what is under way, the one with more of it can
 * do all that the other can. Each reduction is compared with the exploration without it in tests.
 */
export interface Reductions {
  /**
   * A move that changes nothing at its site, and answers nobody, but sends something (a heartbeat,
   * an acknowledgement said again) is made at once. Nothing is lost: the sites and what clients know
   * are as before, and more is under way.
   */
  readonly sendsAtOnce: boolean;
  /**
   * A state is left out if one with the same sites and the same history is known in which all that
   * is under way here is under way, too: whatever violates from here on does from there.
   */
  readonly subsumes: boolean;
  /**
   * After time has passed, times that have passed are one and the same, and so are those that never
   * will: see `ageing.ts`.
   */
  readonly ages: boolean;
  /**
   * Once the last epoch that can be won has a primary, nobody asks for promises any more; what sites
   * noted to tell then is forgotten. No run is crowned twice, so that stays so.
   */
  readonly forgetsActing: boolean;
  /**
   * A site that crashed starts in the same move. While it is down nothing happens there and nothing
   * of it is seen but its disk, which holds no more than after the crash; so a site that has not
   * crashed yet and stays silent stands for it, and its crash can be put off until it starts.
   */
  readonly promptStart: boolean;
  /**
   * The second write is tried only after the first was, somewhere. They differ in nothing but their
   * names, and swapping those in a path gives a path.
   */
  readonly ordersWrites: boolean;
}

export const EVERY_REDUCTION: Reductions = {
  sendsAtOnce: true,
  subsumes: true,
  ages: true,
  forgetsActing: true,
  promptStart: true,
  ordersWrites: true,
};

/** Every state is told from every other, so that what is found first is shortest. */
export const NO_REDUCTION: Reductions = {
  sendsAtOnce: false,
  subsumes: false,
  ages: false,
  forgetsActing: false,
  promptStart: false,
  ordersWrites: false,
};
