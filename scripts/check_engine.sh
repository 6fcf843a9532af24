#!/bin/sh
# Loads the engine once; where its OpenMP library is missing (python:3.12-slim), root gets it, others get one line.

try() { .venv/bin/python -c 'import xllamacpp' 2>&1 | tail -n 1; }

problem=$(try)
case $problem in *libgomp*)
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo 'portlap: installing libgomp1, which llama.cpp needs, with apt-get ...'
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1; } >/dev/null && problem=$(try)
    fi
    ;;
esac
case $problem in
'') exit ;;
*libgomp*) echo 'portlap: llama.cpp needs OpenMP: apt install libgomp1 (Fedora: dnf install libgomp), then run make again' >&2 ;;
*) echo "portlap: llama.cpp cannot be loaded on this machine: $problem" >&2 ;;
esac
exit 1
