import { setFlagsFromString } from 'node:v8'

/**
 * Has the collector run before much garbage piles up. A call's bytes pass through some ten short
 * lived buffers and cipher contexts, which V8 hardly counts, so by its defaults 100 MB through the
 * daemon let it grow by 60 to 80 MiB; so it is about 30, for a tenth more processor time.
 * To be called before anything large is loaded: what the heap has grown to, it keeps.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=100')
}
