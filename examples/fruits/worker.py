#!/usr/bin/env python3
# A program that knows nothing of queues: it prints the first line of its standard input, and takes its time.
import sys
import time

print("Processing " + sys.stdin.readline().rstrip("\n"), flush=True)
time.sleep(1)
