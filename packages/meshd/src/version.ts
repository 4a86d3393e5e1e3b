// Constants rather than a read of package.json, so that the bundled daemon needs no file beside it.
export const version = '0.1.0'
export const protocol = 1
