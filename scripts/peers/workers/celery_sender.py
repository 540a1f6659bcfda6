"""Sends jobs with Celery's own client: a line of JSON comes for each round, and the times of its requests go back.

A time is in milliseconds since the line came.
"""

import json
import sys
import time

from celery_app import job

print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    row = json.loads(line)
    id = row["firstId"]
    sent_ms = []
    for _ in range(row["requests"]):
        sent_ms.append((time.perf_counter() - began) * 1000)
        for _ in range(row["jobs"]):
            job.apply_async((id, row["ioMs"]))
            id += 1
    print(json.dumps(sent_ms), flush=True)
