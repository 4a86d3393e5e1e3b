// Constants rather than a read of package.json, so that a bundle needs none beside it. A test
// compares them with the manifest.
export const version = '0.1.0'
export const protocol = 1
