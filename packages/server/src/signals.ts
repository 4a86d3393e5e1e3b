/** Resolves with the first SIGINT or SIGTERM; after it, `forced` is called for a second one. */
export async function untilSignal(
  process: NodeJS.EventEmitter,
  forced: (signal: string) => void,
): Promise<string> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (isStopping) forced(signal)
        isStopping = true
        resolve(signal)
      })
    }
  })
}
