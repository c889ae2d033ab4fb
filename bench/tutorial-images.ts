import { buildExampleImages, buildImage, loadImages } from '@internal/testing/cluster-images'

/** The image of the tutorial by hand: amqp-tools, and the program that knows nothing of queues. */
export const BY_HAND = 'podqueue-bench-amqp-consume'

/** Builds the images of the tutorial, by podqueue and by hand, and hands them to the cluster. */
export async function buildTutorialImages(): Promise<void> {
  const images = await buildExampleImages('fruits')
  const dockerfile = [
    'FROM debian:bookworm-slim',
    'RUN apt-get update && apt-get install -y --no-install-recommends amqp-tools python3 && rm -rf /var/lib/apt/lists/*',
    'COPY worker.py /worker.py',
    'CMD ["sh", "-c", "exec amqp-consume --url=$BROKER_URL -q $QUEUE -c 1 /worker.py"]',
  ]
  await buildImage(BY_HAND, dockerfile, 'fruits')
  await loadImages(['rabbitmq:4', ...images, BY_HAND])
}
