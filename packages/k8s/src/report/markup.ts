import { showText } from '@internal/errors'

/** The longest text of others in a picture, in bytes. */
const LONGEST = 600

/** A text of others as it may be shown: in one line, without control characters and secrets, and of a bounded length. It is not markup yet. */
export function plain(text: string): string {
  // Characters that no XML file may have.
  return showText(text.replace(/\s*\n\s*/g, ' '), { maxBytes: LONGEST }).replace(/[\ufffe\uffff]/g, '\ufffd')
}

/** A text as markup, for an element or an attribute of SVG and HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
