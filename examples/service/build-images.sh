#!/bin/sh
# Builds podqueue-words-service:1 and podqueue-words:1, the service and its worker, with the packages of this checkout.
set -eu
cd "$(dirname "$0")"
trap 'rm -f podqueue-*.tgz' EXIT
for package in producer worker k8s; do npm pack --silent --pack-destination . "../../packages/$package" >/dev/null; done
docker build --quiet --target service --tag podqueue-words-service:1 --build-arg PACKAGES='./podqueue-*.tgz' . >/dev/null
docker build --quiet --target worker --tag podqueue-words:1 --build-arg PACKAGES='./podqueue-worker-*.tgz' . >/dev/null
echo 'built podqueue-words-service:1 and podqueue-words:1'
