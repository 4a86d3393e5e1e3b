/** The one group there is; the store makes it. */
export const defaultGroup = 'default'
