import type { ECharts } from 'echarts/core'
import { K8sError } from '../errors.ts'

/** The part of Apache ECharts that draws without a browser. */
export interface Charts {
  create(size: { readonly width: number; readonly height: number }): ECharts
}

/** Loads Apache ECharts, an optional peer: only the parts that are used. */
export async function loadECharts(): Promise<Charts> {
  try {
    const [core, charts, components, renderers] = await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ])
    core.use([
      charts.CustomChart,
      components.GridComponent,
      components.LegendComponent,
      components.TitleComponent,
      renderers.SVGRenderer,
    ])
    return { create: (size) => core.init(null, null, { renderer: 'svg', ssr: true, ...size }) }
  } catch (cause) {
    throw new K8sError({
      code: 'PEER_MISSING',
      message: 'renderTimeline needs the package echarts, version 6, which is not installed or cannot be loaded.',
      hint: 'Run `npm install echarts@6`. podqueue does not install it by itself, since only pictures need it.',
      details: { package: 'echarts' },
      cause,
    })
  }
}
