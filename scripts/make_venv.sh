#!/bin/sh
# make_venv.sh [PYTHON]: makes .venv with the given Python or the first that will do; else one line says what to install.

fits='import sys; sys.exit(sys.version_info < (3, 11))'
if .venv/bin/python -c "$fits" 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exit # somebody made it already
fi

old='' bare=''
for python in ${1:-python3.13 python3.12 python3.11 python3}; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$python" -c "$fits"; then
        old="$python is Python $version"
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        bare=${bare:-$version} # Debian keeps ensurepip in a package of its own
    else
        echo "portlap: making .venv with $python (Python $version) ..."
        rm -rf .venv && exec "$python" -m venv .venv
    fi
done

fail() {
    echo "portlap: $1, then run make again" >&2
    exit 1
}
case $(uname) in
Darwin) get='brew install python@3.12' ;;
*) get='apt install python3 python3-venv (Debian 12, Ubuntu 24.04 or newer)' ;;
esac
[ -z "$bare" ] || [ "$(uname)" = Darwin ] || get="apt install python$bare-venv"
[ -z "$bare" ] || fail "Python $bare has no venv module: $get"
[ -z "$old" ] || fail "$old, but 3.11 or newer is needed: $get, or name one with PYTHON=/path/to/python3"
fail "no ${1:-python3} that starts, and Python 3.11 or newer is needed: $get, or name one with PYTHON=/path/to/python3"
