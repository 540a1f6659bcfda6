"""What Celery runs for the article's table, and what its sender sends."""

import functools
import os

import gevent
from celery import Celery

from report_done import Reporter

app = Celery("article", broker=os.environ["ARTICLE_RABBITMQ"])
app.conf.update(
    task_default_queue=os.environ["ARTICLE_QUEUE"],
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    # Otherwise, where worker events are on too, the loop of Celery 5.7.0 waits 0.1 s for answers to them after
    # each message when it runs on gevent (`_quick_drain` in celery/worker/loops.py).
    broker_heartbeat=0,
)

# In the worker alone: the sender imports this file too.
reporter = functools.cache(Reporter)


@app.task
def job(id, io_ms):
    if io_ms > 0:
        gevent.sleep(io_ms / 1000)
    reporter().done(id)
