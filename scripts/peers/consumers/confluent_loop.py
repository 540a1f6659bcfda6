"""The loop of the article after its cure: poll(0), and a sleep of 10 ms when nothing came.

Arguments: brokers, topic, group. Each message is told at its start, by its id and the time in milliseconds.
"""

import json
import sys
import time

from confluent_kafka import Consumer

brokers, topic, group = sys.argv[1:4]
consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": group,
    "auto.offset.reset": "earliest",
})
consumer.subscribe([topic])
while True:
    message = consumer.poll(0)
    if message is None:
        time.sleep(0.01)
    elif message.error():
        sys.exit(str(message.error()))
    else:
        print(json.loads(message.value())["id"], time.time() * 1000, flush=True)
