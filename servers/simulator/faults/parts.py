"""What most faults are made of: heads, tokens and the end of a good stream."""

from typing import Final

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TO_THE_END: Final = HEAD + b"Connection: close\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
DRIP_S: Final = 0.1


def token(text: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % text.encode()


FINISH: Final = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ANSWER: Final = token(" w0") + token(" w1") + FINISH


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
