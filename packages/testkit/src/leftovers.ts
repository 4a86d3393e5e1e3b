// What must not outlive this process even when it ends without disposing: a test runner that is
// interrupted, a worker that is thrown away after a timeout.
const cleanups = new Set<() => void>()

process.on('exit', clean)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  const hear = (): void => {
    // Whoever else listens has a better way to end, which comes by 'exit'.
    if (process.listenerCount(signal) > 1) return
    clean()
    process.off(signal, hear)
    process.kill(process.pid, signal)
  }
  process.on(signal, hear)
}

function clean(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup()
    } catch {
      // The next one still has its turn.
    }
  }
}

/** Runs `cleanup` (synchronous) when this process ends. @returns how to call that off */
export function onExit(cleanup: () => void): () => void {
  cleanups.add(cleanup)
  return () => cleanups.delete(cleanup)
}
