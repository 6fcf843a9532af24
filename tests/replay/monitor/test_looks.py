"""When the loop looked: a stall shows as a bound on every stamp behind it."""

import os
import subprocess
import sys

from tests.support.checkout import CHECKOUT

STALLS = """
import gevent, gevent.socket, threading, time, os
from replay.client.http_stream import HttpStream
from replay.monitor.looks import of_this_loop

looks = of_this_loop()
ours, theirs = gevent.socket.socketpair()
stream = HttpStream("h", 1, tls=False)
stream._socket, stream._read_s = ours, time.monotonic()

def read():
    arrival, data = stream._read(0.0)
    print(len(data), arrival.early_s)

def writer():  # of another program: the loop does not see it
    time.sleep(0.3); os.write(theirs.fileno(), b"a")  # the loop waits
    time.sleep(0.3); os.write(theirs.fileno(), b"bb")  # the loop is busy
    time.sleep(0.1); os.write(theirs.fileno(), b"c")

gevent.get_hub().threadpool.spawn(writer)
read()
reader = gevent.spawn(read)
gevent.sleep(0.2)
busy_until_s = time.monotonic() + 0.4
while time.monotonic() < busy_until_s:
    pass
reader.join()
"""


def test_what_waited_for_a_busy_loop_may_be_as_old_as_its_last_look() -> None:
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", STALLS], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    (first, first_s), (both, both_s) = (line.split() for line in done.stdout.splitlines())
    assert (first, both) == ("1", "3")
    assert float(first_s) < 0.1, "a loop that waits is woken at once"
    assert 0.3 < float(both_s) < 1.0, "0.4 s busy: the truth is 0.1 s, the bound holds it"
