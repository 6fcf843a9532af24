"""Real llama.cpp servers from the wheel `xllamacpp`, a process for each port.

In: ports, slots, threads and models. Out: HTTP servers that answer `/health`, and a line for each of them.
`fleet.py`: start here; checks the options, starts the engines together, names one that dies, ends them.
`engine.py`: the child process that is one server.

To add an option of the engine: a field of `EngineSpec`, set in `engine.run` and filled by `fleet.plan`.
"""
