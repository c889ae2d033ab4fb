/** A promise of podqueue that one call broke. */
export class BrokenPromise extends Error {}
