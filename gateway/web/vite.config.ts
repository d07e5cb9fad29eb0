import { defineConfig } from 'vitest/config';

// The client is one module that any page can load; what only large photos
// need (tus-js-client) is a second one, loaded when it is needed.
export default defineConfig({
  build: {
    lib: { entry: 'src/api/index.ts', formats: ['es'], fileName: 'imgfleet' },
    target: 'es2022',
    sourcemap: true,
    rollupOptions: { output: { chunkFileNames: '[name].js' } },
  },
  test: {
    include: ['src/**/*.test.ts'],
    // Tests meet the browser's build of tus-js-client, as people do.
    alias: {
      'tus-js-client': new URL('node_modules/tus-js-client/lib.esm/browser/index.js', import.meta.url).pathname,
    },
  },
});
