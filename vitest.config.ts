import { defineConfig } from 'vitest/config'

// Our packages resolve to their TypeScript source, so no test waits for a build. The conditions
// have to stand in every project: vitest does not hand the root's down to them.
const resolve = { conditions: ['@agent-mesh/source', 'module', 'node'] }

const environment = { NO_COLOR: '1', DO_NOT_TRACK: '1' }

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        ssr: { resolve },
        test: {
          name: 'unit',
          // Files of one worker share their modules: loading core anew for each took most of the time.
          isolate: false,
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: ['packages/e2e/**', '**/node_modules/**'],
          env: environment,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        resolve,
        ssr: { resolve },
        test: {
          name: 'e2e',
          isolate: false,
          include: ['packages/e2e/src/**/*.test.ts'],
          env: environment,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
