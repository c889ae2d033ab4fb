#!/bin/sh
# build-images.sh EXAMPLE: builds the two images of an example with the worker package of this checkout: podqueue-EXAMPLE from its
# Dockerfile.handler and podqueue-EXAMPLE-program from its Dockerfile.program, both with the tags latest and 1. Kubernetes pulls an image
# of the tag latest each time, unless imagePullPolicy says otherwise.
set -eu
cd "$(dirname "$0")/$1"
trap 'rm -f podqueue-worker.tgz' EXIT
mv "$(npm pack --silent --pack-destination . ../../packages/worker)" podqueue-worker.tgz
for image in handler program; do
  name=podqueue-$1
  [ $image = handler ] || name=$name-$image
  docker build --quiet --tag "$name" --tag "$name:1" --build-arg PODQUEUE_WORKER=./podqueue-worker.tgz --file "Dockerfile.$image" . >/dev/null
  echo "built $name, and the same as $name:1"
done
