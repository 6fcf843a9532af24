"""What servers, machine and portlap itself do while a run goes on: the load that PREFIX_witness.csv records.

In: the ports of a run, with kind and process of each. Out: a row per sample (`ServerSample`).
`child.py`: starts the monitor, a process of its own. `process.py`: what that process samples, and when.
`machine_load.py`: processes, memory, heat. `gpus.py`: load and memory of each graphics processor.
`client_load.py`: is portlap the bottleneck?
`looks.py`: when its loop looked at the sockets, which bounds the error of every stamp.

To add one: counters of a kind of server are `load_counters` in its file in `replay/server_kinds`; a value of
the machine is a key of `machine_load`, another make of card a look in `gpus.py`. All are columns of
`ServerSample`.
"""
