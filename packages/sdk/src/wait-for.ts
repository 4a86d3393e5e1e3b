/**
 * Resolves with what `look` gives once it gives something; `subscribe` tells when to look again.
 * Rejects with what `look` throws, or with the signal's reason.
 */
export async function waitFor<T>(
  look: () => T | undefined,
  subscribe: (again: () => void) => () => void,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  const now = look()
  if (now !== undefined) return now
  return new Promise<T>((resolve, reject) => {
    const settle = (act: () => void): void => {
      unsubscribe()
      signal?.removeEventListener('abort', aborted)
      act()
    }
    const aborted = (): void => settle(() => reject(signal?.reason))
    const unsubscribe = subscribe(() => {
      try {
        const value = look()
        if (value !== undefined) settle(() => resolve(value))
      } catch (error) {
        settle(() => reject(error))
      }
    })
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
