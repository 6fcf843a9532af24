"""Simulated servers of known truth: OpenAI's interface over a queueing model on a real clock.

In: a farm (machines, ports, limits, what goes wrong), from YAML or from options. Out: HTTP servers, and a row
per request with the instants at which each token was due and written.
`serve.py`: start here; the handlers and the process. `farm.py`: every key of a farm. `options.py`: the same
from a command line. `behaviour.py`: from a farm to the model's limits and to what one request gets.
`live.py`: the queueing model on the loop's clock. `wire.py`: bodies and events. `token_writer.py`: tokens to
the socket at their instants. `request_trace.py`: what was done to a request. `faults/`: ways to misbehave.
`texts/`: answers that mean something.

To add a limit: a key in `farm.py`, its meaning in `behaviour.py`. To add a fault: see `faults/`.
"""
