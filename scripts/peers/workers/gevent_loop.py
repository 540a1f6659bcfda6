"""The article's loop, before and after: python gevent_loop.py before|after BROKERS TOPIC

Before, the poll waits up to a second, and nothing else of the process runs meanwhile. After, it waits for
nothing, and the loop sleeps when nothing came, which lets the jobs run. Everything else is the same.
"""

import json
import sys

import gevent
from confluent_kafka import Consumer
from gevent.pool import Pool

from report_done import Reporter

reporter = Reporter()
pool = Pool(10_000)


def run(value):
    job = json.loads(value)
    if job["ioMs"] > 0:
        gevent.sleep(job["ioMs"] / 1000)
    reporter.done(job["id"])


def start(message):
    if message.error():
        print(message.error(), file=sys.stderr)
    else:
        pool.spawn(run, message.value())


def before(consumer):
    while True:
        # A poll that waits must not hold back what is done already.
        reporter.flush()
        message = consumer.poll(1.0)
        if message is not None:
            start(message)
        gevent.sleep(0)


def after(consumer):
    while True:
        message = consumer.poll(0)
        if message is not None:
            start(message)
        else:
            gevent.sleep(0.01)


loop, brokers, topic = sys.argv[1:]
consumer = Consumer(
    {"bootstrap.servers": brokers, "group.id": topic, "auto.offset.reset": "earliest"}
)
consumer.subscribe([topic])
{"before": before, "after": after}[loop](consumer)
