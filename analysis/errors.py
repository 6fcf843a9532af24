"""What can be wrong with a user's input, as one line for people: what, where and what to do.

    PortlapError
    ├── ScenarioError   the scenario file or an option of the command line
    ├── TargetError     a server does not answer as the scenario says
    ├── ServersGone     all servers refuse connections in the midst of a run
    └── RunError        the files of a run cannot be read as a run

Only the doors catch them: `locustfile.py`, `python -m analysis`, `python -m servers`. A traceback is
our bug.
"""


class PortlapError(Exception):
    """Its text is one line: what, where, what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class ScenarioError(PortlapError):
    """The scenario or an option cannot be used; nothing was sent."""


class TargetError(PortlapError):
    """A target failed its check; nothing was measured."""


class ServersGone(PortlapError):
    """No server takes a connection any more: what was measured stays, the rest is not sent."""


class RunError(PortlapError):
    """The files of a run are missing or damaged beyond a torn last line."""
