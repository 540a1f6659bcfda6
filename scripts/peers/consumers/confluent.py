"""confluent-kafka-python by consume(1000). Arguments: brokers, topic, group, number of messages."""

import json
import sys

from confluent_kafka import Consumer

brokers, topic, group = sys.argv[1:4]
count = int(sys.argv[4])


def work(value):
    """Parses and validates one message; what a task would do then is nothing, as in the others."""
    message = json.loads(value)
    if not isinstance(message["id"], int):
        raise ValueError("id is no number")
    if not isinstance(message["name"], str):
        raise ValueError("name is no text")
    if not isinstance(message["ok"], bool):
        raise ValueError("ok is neither true nor false")


consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": group,
    "auto.offset.reset": "earliest",
    "enable.auto.commit": True,
    "auto.commit.interval.ms": 1000,
    "fetch.queue.backoff.ms": 100,
})
consumer.subscribe([topic])
done = 0
while done < count:
    for message in consumer.consume(1000, timeout=0.1):
        if message.error():
            sys.exit(str(message.error()))
        if done == 0:
            print("first", flush=True)  # for whoever measures the start
        work(message.value())
        done += 1
# Leaving commits what is left.
consumer.close()
print(json.dumps({"done": done}))
