#!/bin/sh
# Builds the two images of this example with the worker package of this checkout: podqueue-fruits and podqueue-fruits-program.
set -eu
cd "$(dirname "$0")"
trap 'rm -f podqueue-worker.tgz' EXIT
mv "$(npm pack --silent --pack-destination . ../../packages/worker)" podqueue-worker.tgz
for image in handler program; do
  name=podqueue-fruits
  [ $image = handler ] || name=$name-$image
  docker build --quiet --tag "$name" --build-arg PODQUEUE_WORKER=./podqueue-worker.tgz --file "Dockerfile.$image" . >/dev/null
  echo "built $name"
done
