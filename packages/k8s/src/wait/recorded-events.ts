import type { TimelineRecorder } from '../timeline/timeline-recorder.ts'
import type { RunListeners } from './run-events.ts'

/** The listeners, with the recorder beside them. The results and errors of the listeners stay as they are. */
export function recordedEvents(on: RunListeners | undefined, recorder: TimelineRecorder): RunListeners {
  return {
    ...on,
    stuck: (event) => {
      recorder.event(event.reason, event.message)
      return on?.stuck?.(event)
    },
    reconnected: (event) => {
      recorder.event('Reconnected', event.reason)
      return on?.reconnected?.(event)
    },
  }
}
