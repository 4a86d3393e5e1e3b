/** Whether the tests that take many seconds run as well: `npm run verify` says so, `npm test` does not. */
export const runsLong = process.env['MESH_TEST_LONG'] === '1'
