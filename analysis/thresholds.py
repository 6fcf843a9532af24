"""Every number that decides, grouped by the rule that uses it, each with its reason.

docs/METHODOLOGY.md lists the same numbers; a test compares the two. Units stand in the names; a number
without one is a share or a ratio of what its comment names.
"""

from typing import Final

# What is sure of a speedup (verdict/certainty.py)
# rounds after which a phase may stop; each look costs certainty, hence LOOK_LEVEL
LOOKS: Final = (3, 5, 8, 12)
LOOK_LEVEL: Final = 0.9875  # four looks at two-sided 98.75 %: a false gain in at most 2.5 % in all
MIN_ROUNDS: Final = 3  # scored rounds; fewer have no scatter to speak of
GAIN: Final = 1.15  # a smaller gain is not worth rebuilding a setup
SMALL_GAIN: Final = 1.25  # at the last look: "gain at most x %"
LOSS: Final = 0.9  # surely below it, requests hinder each other

# The verdict of a phase (verdict/of_phase.py). Three numbers of these rules happen to be equal, 1.15 (GAIN,
# FAR_ABOVE_MAX, SHARED_SLOWDOWN): they have nothing to do with each other.
FULL_SHARE: Final = 0.8  # of Gmax: from here on nothing noticeable is lost
ABOVE_MAX: Final = 1.1  # of Gmax: no server can exceed an undisturbed one
FAR_ABOVE_MAX: Final = 1.15  # of Gmax: so far above, the solos were not typical, however wide the interval
SERIAL_BOUND: Final = 1.5  # one stream at a time, and yet a speedup up to this is possible: not serial
SERIAL_STEP: Final = 0.8  # of a solo: the first tokens (or ends) of a serial server are a solo apart
SHARED_SLOWDOWN: Final = 1.15  # times as long as alone: a request that shares compute decodes slower
MIN_SPEEDUP_MAX: Final = 1.5  # a phase whose Gmax is below it is inconclusive
MIN_IDEAL_PEAK: Final = 2  # a phase whose N* is below it is inconclusive

# The verdict of a run (verdict/of_run.py)
ONE_PORT_AS_GOOD: Final = 0.9  # of the ports' speedup: then one port does as well

# What overlapped (phase/overlap.py)
HELD_SHARE: Final = 0.1  # of a decode: streams that only brush each other are not open together
MODE_SHARE: Final = 0.6  # of the rounds must agree on K
LUMPED: Final = 1.5  # chunks per arrival: a third of them shares its instant with a neighbour
LUMP_GAP_S: Final = 0.05  # between lumps; below it a fast model's tokens share a packet, which spoils nothing
LUMP_SHARE: Final = 0.1  # of a solo: a shorter decode arrived in one lump, and K is unknown
LEAST_SHARE: Final = 0.01  # of a latency: no change of length leaves less of it
HASTE: Final = 0.5  # of the decode time alone: a stream that seems faster in company was held back on the way
UNDISTURBED: Final = (0.8, 1.25)  # times its solo: an answer that was not held up
SAME_END_SHARE: Final = 0.5  # of an even step: ends nearer to each other belong together
EVEN: Final = 0.35  # of a step: ends whose steps differ by less come one by one, or k at a time
FAR_GAP: Final = 5.0  # times the mean of the other gaps: text before the queue, or a late last chunk
GROWS: Final = 1.5  # times the gap alone: a gap that grows so in company is a wait in the queue
FAR_GAP_SHARE: Final = 0.1  # of a stream, at least; and what stands apart from the rest is at most so long
# solo TTFTs between the first tokens K and K+1, else serialised prefill explains it
SLOT_GAP_TTFT: Final = 1.5
SLOT_GAP_BEFORE: Final = 2.0  # times the longest wait between the first tokens before, for the same reason
SLOT_TTFT: Final = 1.5  # solo TTFTs: a first token so soon after an end on its port waited for that end
IN_TURN_TOKENS: Final = 3.0  # times per token: a first token so long after an end was not made before it
GAIN_TOGETHER_SHARE: Final = 0.35  # of the makespan: without streams, a gain needs ends within it
TOGETHER_SHARE: Final = 0.1  # of the makespan: all ends within it are together

# Speedups and intervals (phase/speedup.py, statistics/)
UNSEEN_OVERHEAD: Final = 0.5  # of a solo whose first token cannot be seen
REPORT_LEVEL: Final = 0.95  # of every interval that is shown
WILD_SCATTER: Final = 5.0  # times the scatter of solos: such rounds weigh less
WILDEST: Final = 1000.0  # times at most: beyond it such rounds would weigh nothing
WILD_DF: Final = 3  # degrees of freedom with which each of the two scatters is known at least

# Conditions of a phase (conditions/of_phase.py)
MAX_SPREAD: Final = 0.05  # of a solo: beyond it a round does not leave at one instant
MAX_FAULTY: Final = 0.2  # of the rounds may hold an answer that is not whole
EQUAL_PROMPTS: Final = 4  # tokens by which prompts of one target may differ …
EQUAL_LONG_PROMPTS: Final = 0.01  # … or by this part: random words are not all of one token
MAX_DRIFT: Final = 0.25  # of a solo over one phase, and surely so: beyond it a straight line is a poor story
SURELY: Final = 0.99  # of drift, lengths and chain
MIN_DF: Final = 2  # solos and rounds more than unknowns: with one, intervals cover 88 to 91 % instead of 95 %
MAX_CPU_PERCENT: Final = 80.0  # of one core, portlap's own process
TIMINGS_AGREE: Final = 0.05  # of the server's decode time, against the client's
TIMINGS_AGREE_S: Final = 0.02  # the larger of the two counts
TOKENS_AGREE: Final = 0.1  # usage against chunks
LENGTHS_BAND: Final = (0.9, 1.1)  # tokens of an answer together, over alone
AT_ONCE_S: Final = 0.25  # between the ends of requests that one cause has broken (a hint only)

SOLO_SCATTER: Final = 0.25  # of the logarithm: solos that scatter less need no other explanation

# Conditions of a run (conditions/of_run.py, locust_agrees.py, server_slots.py)
CHAIN_BAND: Final = (0.9, 1.1)  # solo times over the same requests one after another
SWAP_SHARE: Final = 0.5  # of the first tokens after a change of target must be late, for a model swap
SWAP_JUMP: Final = 3.0  # times the warm first token: the model was loaded anew
SWAP_JUMP_S: Final = 0.5  # and so much later
AVERAGES_AGREE_MS: Final = 0.1  # Locust's own averages against the log
SETTLE_S: Final = 0.1  # around a sample: what begins or ends so near to it may count on either side
MIN_CONTRADICTIONS: Final = 3  # one stale gauge is no contradiction
# Quiet servers (conditions/quiet.py)
QUIET_REQUESTS: Final = 0.25  # a server's own counters, mean of one window with nothing of ours in flight
QUIET_CORES: Final = 0.1  # of a server's process: less is housekeeping
QUIET_SHARE: Final = 0.25  # of what an answer alone takes of processors or GPU: more is another user
QUIET_GPU_PERCENT: Final = 10.0  # less draws the screen
SURPLUS_STREAMS: Final = 0.5  # requests per decode step more than streams were ever open here

# Is an answer whole (files/request_record.py)
MIN_STOP_TOKENS: Final = 8  # an answer that stopped by itself counts as whole from here on

# Evidence (advice/evidence.py)
QUEUED_SHARE: Final = 0.1  # of a solo: shorter waits are not reported
BUSY_SHARE: Final = 0.9  # of all cores, or of a graphics processor: nothing is left for more requests
ONE_CORE: Final = (0.75, 1.25)  # cores that one thread keeps busy, alone and together alike
IDLE_SHARE: Final = 0.25  # of all cores: the processors are not what limits
OTHERS_SHARE: Final = 0.1  # of all cores: other programs take part in the measurement
OTHERS_CORES: Final = 0.5  # cores, in other programs, below which they scatter no times
SWAPPED_MB: Final = 50.0  # written out during the rounds: memory is short
STALLED_SHARE: Final = 0.05  # of the rounds' time in which some program waited for memory

# Causes that tokens show (advice/causes.py)
READ_ANEW_TOKENS: Final = 16  # of a prompt, cached alone and not in company: fewer are template or blocks
READ_ANEW_SHARE: Final = 0.1  # of the prompt, likewise: less of it costs no time to speak of

# The machine model (machine/)
PREDICTED_BAND: Final = (0.9, 1.1)  # of the measured wall clock
# standard error of a log speedup that no model of waves can beat: releases, overheads
MODEL_FLOOR: Final = 0.01
FIT_TIE: Final = 1e-6  # of the criterion: mechanisms that differ by less explain the phases alike
FIT_SMALLEST_STEP: Final = 1e-6  # of all logarithms together
FIT_MOST_STEPS: Final = 50  # of the fit; one that needs more does not end
MOST_PACE: Final = 1.1  # times what cannot be exceeded: n for n streams, 1 for a factor
LEAST_PACE: Final = 1e-3  # of a solo: slower together than this, no request would end
USL_MIN_POINTS: Final = 6  # two parameters through fewer points fit anything
WORTH_HAVING: Final = 0.95  # of the best throughput: fewer requests in flight that reach it are enough
EACH_NUMBER: Final = 64  # requests in flight: up to here a row for each number, beyond it for powers of two
SAME_THROUGHPUT: Final = 1e-9  # throughputs that differ by less are the same

# Figures of the report (report/)
ENOUGH_FOR_P95: Final = 20  # values; below it the 95th percentile is the maximum under another name
# no measurement of an undisturbed phase lies beyond its bound with this probability
OUTLIER_LEVEL: Final = 0.99
FREE_WINDOW_SOLOS: Final = 2.0  # mean solo times: a shorter window does not show its level

# Runs of another locustfile (locust_only/, locust_rows/)
FASTEST_MARGIN: Final = (
    1.15  # times its fastest answer: no request of a name takes longer alone, scatter included
)

# How many (capacity/, replay/plan/how_many/)
# answers with 0, 1, 2 … misses that show a share of nine in ten, to one who looks after every answer
LADDERS: Final = {0.99: (53, 75, 92, 106), 0.95: (38, 56, 71, 83), 0.9: (31, 49, 61, 72)}
MOST_MISSES: Final = 3  # of one level: with the third it is not shown, unless higher ones are added
ROOM_ANSWERS: Final = 22  # none missed, before the room between them and the target may show it
ROOM_FIRST: Final = 8  # of one user alone, if nothing else was shown
ROOM_LEVEL: Final = 0.99  # of the tolerance bound of the margins
REFUTED_LEVEL: Final = 0.98  # that more than a tenth of the answers misses
SPAN_DURATIONS: Final = 2.0  # of the longest answers: fewer are one wave
SPELL_SOLOS: Final = 2.5  # answers sent within so many solo times may share the pace of the machine
RETRY_S: Final = 0.5  # a user whose request failed waits so long at least
MOST_RETRY_S: Final = 5.0  # and so long at most, whatever `Retry-After` asks for: no level would fill
THROUGHPUT_FLOOR: Final = 0.005  # no interval of a throughput is narrower, to each side
REFUSED_SHARE: Final = 0.1  # of the answers: then refusals end it
PREEMPTED_GAP: Final = 3.0  # solo first tokens: a stream that stood still so long was pushed out
PREEMPTED_SHARE: Final = 0.05  # of the answers have such a gap, and the median has none
STALL_GAP: Final = 0.6  # of a solo first token: the median answer stands still while prompts are read
STALL_TOKENS: Final = 2.5  # times the time per token: a gap that is no slow token
RELATIVE_SPEED: Final = 0.5  # of its speed alone: the target for a server that misses the given one alone
RELATIVE_TTFT: Final = 2.0  # times its first token alone
SWEEP_BAND: Final = (0.85, 1.15)  # of what the phases foretell: surely outside it, one of the two is wrong
LEVEL_DRIFT: Final = 1.2  # times its time per token at the start: the server became slower, not settled

# A long prompt beside answers that run (prompts/stall)
STALL_LEAST_GAPS: Final = 10  # between tokens before the newcomer: fewer tell no usual one
STANDSTILL_TIMES: Final = 5.0  # usual gaps; a longer one is a standstill …
STANDSTILL_S: Final = 0.25  # … if it is also longer than this, which a reader notices
STALL_MIN_EVENTS: Final = 3  # in which an answer ran until the prompt was read
STALL_SLOW_PACE_S: Final = 1.0  # a usual gap; slower answers stand still by themselves
STALL_HARDLY_TIMES: Final = 3.0  # usual gaps; a shorter stall is hardly one
STALL_HARDLY_PACE: Final = 0.8  # of their pace the others keep, surely
STALL_HARDLY_LOST_S: Final = 0.5  # each of the others loses less: nobody minds
STALL_FROZEN: Final = 0.8  # of the reading: measured 0.92 to 1.00 where one batch is read at a time
STALL_IN_PIECES: Final = 0.6  # of the reading: the longest of two equal pieces is half of it
STALL_WORTH_TIMES: Final = 10.0  # usual gaps; in a shorter reading one gap is too large a part …
STALL_WORTH_S: Final = 0.5  # … and so it is below this
STALL_BEHIND: Final = 1.5  # times the reading alone: what fits behind the end of an answer waited for it
STALL_SIZE_OFF: Final = 0.05  # by so much prompts of one size may differ
STALL_USUAL_BAND: Final = 2.0  # times the first event's usual gap: longer later, the server did not stop
STALL_HELPS_PRICE: Final = 1.1  # times as long as alone: a port of its own costs the newcomer nothing

# Right together? (prompts/right)
FORM_TRIES: Final = 10  # codes that each form of the question is tried with
FORM_TAKEN: Final = 0.9  # of them: the first form that is told back so often is taken
FORM_GOOD: Final = 0.8  # of them, at least, of the best form: else a wrong answer is the model's weakness
MIN_PAIRS: Final = (
    20  # codes answered alone and together, of 24 at least: fewer leave three wrong in ten unseen
)
RIGHT_LOOK: Final = 0.005  # false alarm of one look at all levels together; there are two looks at most
RIGHT_MAYBE: Final = 0.05  # of one level: then twice as many pairs are asked, once
FOREIGN_WITH_CHANCE: Final = 3  # foreign codes, where codes that nobody had sent were said as well
FOREIGN_OVER_CHANCE: Final = 5  # times as many as those
FAR_FEWER_AGAIN: Final = 0.01  # chance of so many wrong alone at the end: then the server stays broken
TOGETHER_ROUNDS: Final = 0.6  # of the rounds with two answers written at once; below it, one at a time
CHURN_SHORT_TOKENS: Final = 4  # an answer cut so short has no room for its code

# Conversations (prompts/talk)
TALK_SPARE_TOKENS: Final = 16  # of a turn that may be read again: template tokens and cache blocks
TALK_KEPT: Final = 0.8  # of the history not read again; measured 1.00 in every turn that was kept
TALK_LOST: Final = 0.4  # measured 0.00 to 0.10 in every turn that was lost
TALK_FIRST_JUDGED: Final = 3  # the second turn is often lost while slots are still being shared out
TALK_LINE_OFF: Final = 0.1  # scatter of cold first tokens over the longest: beyond it time shows nothing
