"""What stands behind the ports: the machine as the phases show it, and as the servers report it.

machine.py   machine model, throughput, limit, hardware
servers.py   what servers and machine reported of themselves

To add one: a function that returns `section(...)`, and its place in `report_of` one room up.
"""
