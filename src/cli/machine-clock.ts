/** Milliseconds on the clock that all processes of this machine share; it never goes back. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
