"""A chat that forgets a client: once so many messages have come, the first client that never spoke hears no more.

It says nothing until two clients have spoken, to know by then who never does.

python3 forgetful.py PORT MESSAGES
"""
import asyncio
import base64
import hashlib
import sys

PORT, FORGET_AFTER = int(sys.argv[1]), int(sys.argv[2])
clients = {}  # writer -> whether it has spoken, in the order of their coming
forgotten = None
messages = 0


def frame(payload):
    size = len(payload)
    head = bytes([0x81, size]) if size < 126 else bytes([0x81, 126]) + size.to_bytes(2, "big")
    return head + payload


async def read_frame(reader):
    first, second = await reader.readexactly(2)
    size = second & 127
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(size)
    return first & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def broadcast(payload):
    global forgotten, messages
    if sum(clients.values()) < 2:
        return
    if messages >= FORGET_AFTER and forgotten is None:
        forgotten = next((writer for writer, spoke in clients.items() if not spoke), None)
    messages += 1
    for writer in clients:
        if writer is not forgotten:
            writer.write(frame(payload))


async def serve(reader, writer):
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in request.split("\r\n")[1:] if ": " in line)
        if "websocket" not in headers.get("upgrade", ""):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        key = next(line.split(": ", 1)[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        clients[writer] = False
        while True:
            opcode, payload = await read_frame(reader)
            if opcode == 8:
                writer.write(b"\x88\x00")
                return
            if opcode in (1, 2):
                clients[writer] = True
                broadcast(payload)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        clients.pop(writer, None)
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", PORT)
    async with server:
        await server.serve_forever()


asyncio.run(main())
