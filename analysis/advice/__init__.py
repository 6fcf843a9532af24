"""What a user reads first and does next. In: judged phases. Out: Answer, evidence, next steps.

    answer.py        the verdict of the run in a sentence, with its next steps
    by_status.py     what to do about a refusal, by its HTTP status
    causes.py        drafted tokens that were refused, prompts that were read anew
    evidence.py      why there is no gain, by what servers and machine report: it never makes a verdict
    next_steps.py    reads next_steps.yaml
    next_steps.yaml  the decision table: each finding, what it says of the machine, which steps follow

To add a kind of server: its words for each step in next_steps.yaml.
To add a finding: a row of `findings` there (a test asks for every verdict).
"""
