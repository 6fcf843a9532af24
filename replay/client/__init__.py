"""One chat completion over one connection: what is sent, what came back, and when each byte arrived.

request.py      `Request`: all that is sent and by whom; `row_of` makes the row of the log
connection.py   prepare before the gate, ask after it, cut when stopped
reply.py         the bytes of an answer so far, and whether it has ended
http_stream.py  HTTP/1.1 with the kernel's arrival stamps
sse.py          server-sent events out of stamped bytes
server_words.py  the sentence in an error of any shape
content.py      the documents in the bytes, and their text
response.py     what they say, read once the answer has ended

In: a Request. Out: a Response; nothing here raises for what a server writes.
To add a column that a response tells: a field of `Response` with the name of the column.
"""
