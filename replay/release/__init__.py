"""How a batch of requests leaves at one instant, from users in this process or in any worker.

The conductor (dispatch.py) and the users (users.py, behind the gate.py of their process) speak by Locust's
messages, so that one process, `--processes N` and workers on other machines run the same code:

    users          -> conductor   ready   worker, user, target      a user waits for requests
    conductor      -> all gates   arm     requests                  each gate hands its users theirs
    users          -> conductor   armed   worker, batch, request_id connected (or failed to), at the gate
    conductor      -> all gates   go      batch, at                 the instant, on the monotonic clock
    users          -> conductor   told    worker, batch, request_id so many tokens have come as were asked for
    conductor      -> all gates   hang_up request_ids               close these, whatever they have
    users          -> conductor   row     worker, batch, row, heard the answer has ended, or was cut
    users          -> conductor   left    worker, user              the user is gone

Begin in `Dispatch.send`, which picks the instant; `Gate._release` keeps it, `PinnedUser.carry_out` sends.
Every message carries the run's token; handshake.py says which workers get it, worker_port.py where they join.
A row counts only for a request that was sent in this batch to this worker. seats.py starts a phase's users.

A user is `ready`, then for each request `armed`, released, and answered by its `row`; then it is ready for
the next one without a word. What never comes, and who stops waiting for it:

    ready   seats.py gives up after USERS_READY_S and names who is there
    armed   after ARM_PATIENCE_S the others go without it; after ARM_GRACE_S more its request is lost
    row     lost when its user left or its worker is gone, else after the request's timeout + ROW_GRACE_S
    left    Locust calls the worker missing: its open requests are lost, its users start again elsewhere

A lost request becomes a row with an error. A row that comes later than that is dropped and counted.
To add a message: its name in gate.py, a line above, a listener on the side that gets it.
"""
