// Constants rather than a read of package.json, so that `--version` touches no file and the
// bundled command needs none; a test holds them to the manifest and to core.
export const version = '0.1.0'
export const protocol = 1
