/** Imports point downward only; a layer may import itself and what stands below it. */
const below = {
  protocol: [],
  simulator: ['protocol'],
  certificates: [],
  storage: ['protocol'],
  transport: ['protocol', 'certificates'],
  coordinator: ['protocol', 'certificates', 'transport'],
  site: ['protocol', 'certificates', 'storage', 'transport', 'coordinator'],
  gateways: ['site'],
  client: ['protocol'],
  cli: [
    'client',
    'gateways',
    'site',
    'coordinator',
    'transport',
    'certificates',
    'storage',
    'simulator',
    'protocol',
  ],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([layer, allowed]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      // The simulated ports pass the suites of the real ones, which stand beside those; the client
      // is tested against real sites.
      from: {
        path: `^src/${layer}/`,
        pathNot: '^src/(simulator/conformance\\.test|client/sdk/(test-kit|[a-z-]+\\.test))\\.ts$',
      },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
    })),
    {
      name: 'layer-console',
      severity: 'error',
      from: { path: '^console/src/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(client/sdk/|protocol/|simulator/|site/(status-types|live/live-frame|telemetry/event-ring)\\.ts$)',
      },
    },
    {
      name: 'console-has-types-of-sites-alone',
      severity: 'error',
      from: { path: '^console/src/' },
      to: { path: '^src/site/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-the-console',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^console/' },
    },
    {
      name: 'protocol-stands-alone',
      severity: 'error',
      from: { path: '^src/protocol/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'core'] },
    },
    {
      name: 'no-unlisted-packages',
      severity: 'error',
      from: { path: '^src/', pathNot: '(\\.test|/s3/test-sites|/view/test-kit)\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
