#!/usr/bin/env python3
# A program that knows nothing of queues: a parameter set on standard input, its score on standard output.
import json
import sys

parameters = json.load(sys.stdin)
x, velocity = 1.0, 0.0
for step in range(1, 1001):
    velocity = parameters["momentum"] * velocity - parameters["rate"] * 2 * x
    x += velocity
    if abs(x) + abs(velocity) < 1e-6:
        print(step)
        sys.exit()
print("It does not find the minimum within 1000 steps.", file=sys.stderr)
sys.exit(2)
