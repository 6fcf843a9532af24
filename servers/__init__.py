"""Servers to measure: real ones, and ones whose truth is known. `python -m servers --help`.

In: options. Out: HTTP servers on loopback, and a JSON line for each once all answer. Nothing of `replay/` is
used here: what measures and what is measured share no code.
`llamacpp/`: real llama.cpp servers. `command/`: any server that a command line starts. `simulator/`: exact
token times by a `queue_model/`. `mock_servers/`: the interfaces of LM Studio, Ollama and others. `ports.py`:
ports to listen at. `children.py`: processes started, waited for, watched and ended. `ready.py`: how a parent
learns that all are ready, and how they learn that it is gone. `web_ports.py`: web applications on sockets.

To add one: a kind of server to imitate: `mock_servers/__init__.py`; a command: `__main__.py`.
"""
