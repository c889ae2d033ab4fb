/**
 * The publisher's own number of a message, by which a return is matched to its publish where the message id cannot tell:
 * when one with the same id is in flight. All others go without, since a table of headers is what costs a broker most of
 * all properties: a seventh of what it can take.
 */
export const SEQUENCE = 'x-podqueue-sequence'
