import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { compressed } from './compressed.ts';

/** Built into the package; a site serves the result. Every name but the page's own has its hash. */
export default defineConfig({
  root: join(import.meta.dirname, '..'),
  base: '/console/',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } }), compressed()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined files would need `data:` where the page allows none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: 'es' },
});
