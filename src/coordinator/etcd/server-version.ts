/** From here on the API has its present names, and a learner or a member without leader says so. */
const OLDEST = [3, 4] as const;

/** Why a member of this version is not used; null when it may be. */
export function versionFault(version: string): string | null {
  const match = /^(\d{1,4})\.(\d{1,4})\.\d{1,4}/.exec(version);
  if (match === null) return `does not say its version, but "${version.slice(0, 40)}"`;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const [oldestMajor, oldestMinor] = OLDEST;
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return isNew ? null : `is version ${version}; it has to be ${OLDEST.join('.')} or later`;
}
