#!/bin/sh
# Installs Chromium for the test of the page, where that is possible: as root on Debian. Elsewhere the test says that it is skipped.
[ -x /usr/bin/chromium ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo 'Chromium is not installed: that takes root on Debian.'
  exit 0
fi
{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium; } >/dev/null 2>&1 ||
  echo 'Chromium cannot be installed by apt-get.'
