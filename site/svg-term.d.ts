/** The part of svg-term that the picture uses: it brings no types of its own. */
declare module 'svg-term' {
  export function render(
    asciicast: string,
    options: { readonly window?: boolean; readonly cursor?: boolean; readonly theme?: object },
  ): string
}
