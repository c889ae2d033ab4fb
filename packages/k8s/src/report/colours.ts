import type { PodOutcome } from '../job/timeline.ts'

/** A colour in a light and in a dark picture. Each light one is used for one purpose only: the dark one is found by it. */
interface Colour {
  readonly light: string
  readonly dark: string
}

/**
 * The colours of the outcomes, in the order of the legend. Blue and vermilion differ for all kinds of colour blindness; a failure has a
 * cross too.
 */
export const OUTCOME_COLOURS: Readonly<Record<PodOutcome, Colour>> = {
  succeeded: { light: '#2f6fb8', dark: '#5b9be0' },
  failed: { light: '#c9371c', dark: '#f2674c' },
  evicted: { light: '#d98200', dark: '#f0a732' },
  lost: { light: '#8a3fa0', dark: '#c084d8' },
  deleted: { light: '#6b7280', dark: '#9aa3b2' },
  running: { light: '#5fa8a0', dark: '#74c7bd' },
  pending: { light: '#9aa8bb', dark: '#6a7890' },
}

type Part =
  | 'background'
  | 'text'
  | 'muted'
  | 'grid'
  | 'axis'
  | 'band'
  | 'waiting'
  | 'mark'
  | 'cross'
  | 'items'
  | 'itemsArea'
  | 'dead'
  | 'event'

/** The colours of everything else. */
export const COLOURS: Readonly<Record<Part, Colour>> = {
  background: { light: '#ffffff', dark: '#0e1319' },
  text: { light: '#1c2430', dark: '#e3e8ef' },
  muted: { light: '#5a6473', dark: '#a0abba' },
  grid: { light: '#e4e8ee', dark: '#242d38' },
  axis: { light: '#a6b0be', dark: '#4a5666' },
  band: { light: '#f5f7fa', dark: '#151c24' },
  waiting: { light: '#b4c0d0', dark: '#465468' },
  mark: { light: '#454f5e', dark: '#b9c3d0' },
  cross: { light: '#fffffe', dark: '#0e1318' },
  items: { light: '#1f7a5c', dark: '#4fc596' },
  itemsArea: { light: '#e3f2ec', dark: '#14302a' },
  dead: { light: '#b3261f', dark: '#ff8a80' },
  event: { light: '#b86e00', dark: '#ffbe55' },
}

const ALL: readonly Colour[] = [...Object.values(OUTCOME_COLOURS), ...Object.values(COLOURS)]

/** The rules that turn the colours of a light picture into those of a dark one. Viewers that know no CSS show the light one. */
export function darkRules(): string {
  return ALL.map(({ light, dark }) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`).join('')
}
