"""A program of other people: it speaks to a node by libzmq, and prints what it hears.

hear ADDR TOPIC...            a SUB that binds; prints `ready`, then each message as a line of JSON
speak ADDR COUNT              an XPUB that connects; prints what is subscribed, then publishes to `math`
Both with heartbeats, so that a node that does not answer a PING is dropped.
"""

import json
import sys

import zmq


def socket(kind):
    made = zmq.Context.instance().socket(kind)
    made.setsockopt(zmq.HEARTBEAT_IVL, 100)
    made.setsockopt(zmq.HEARTBEAT_TIMEOUT, 2000)
    made.setsockopt(zmq.LINGER, 1000)
    return made


def say(value):
    print(value, flush=True)


def hear(address, topics):
    sub = socket(zmq.SUB)
    sub.bind(address)
    for topic in topics:
        sub.subscribe(topic.encode().decode("unicode_escape").encode("latin-1"))
    say("ready " + zmq.zmq_version())
    while True:
        say(json.dumps([part.decode() for part in sub.recv_multipart()]))


def speak(address, count):
    pub = socket(zmq.XPUB)
    monitor = pub.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    pub.connect(address)
    wanted = pub.recv()
    say("wanted " + repr(wanted))
    # Longer than the heartbeats would let a silent peer live.
    if monitor.poll(3000):
        say("dropped")
        return
    say("connected")
    for n in range(count):
        for room in ("maths", "math", "mat"):
            envelope = "1 chat py.%d py - %s\n{\"text\":\"Füße %d\"}" % (n, room, n)
            pub.send_multipart([(room + "\n").encode(), b"py.%d" % n, envelope.encode()])
    say("sent")
    say("unwanted " + repr(pub.recv()))


if sys.argv[1] == "hear":
    hear(sys.argv[2], sys.argv[3:])
else:
    speak(sys.argv[2], int(sys.argv[3]))
