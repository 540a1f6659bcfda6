"""Tells the observer of the article's table which jobs are done.

One line of ids for each turn of gevent's loop, as report_done.mjs does for the workers in JavaScript. The
socket and the thread are the system's own: Celery replaces those that Python code sees by gevent's.
"""

import os
import socket

import gevent
from gevent.monkey import get_original


class Reporter:
    def __init__(self):
        host, port = os.environ["ARTICLE_OBSERVER"].split(":")
        self._socket = get_original("socket", "socket")(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.connect((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ids = []
        get_original("_thread", "start_new_thread")(self._end_with_observer, ())

    def done(self, id):
        if not self._ids:
            gevent.get_hub().loop.run_callback(self.flush)
        self._ids.append(str(id))

    def flush(self):
        if self._ids:
            ids, self._ids = self._ids, []
            self._socket.sendall((" ".join(ids) + "\n").encode())

    def _end_with_observer(self):
        self._socket.recv(1)
        os._exit(0)
