#!/bin/sh
# Make sure that the virtual environment holds what the given level needs, and do nothing if it does.
#
#     scripts/environment.sh runtime|dev
#
# PYTHON names the interpreter (default: the first of python3, python3.14 ... python3.11 that is 3.11
# or newer), VENV the folder (default: .venv). A stamp named after the content of pyproject.toml says
# what is installed, so a second call costs milliseconds and a changed dependency is noticed.
set -eu
cd "$(dirname "$0")/.."

level=${1:?usage: scripts/environment.sh runtime|dev}
venv=${VENV:-.venv}

fail() {
    echo "error: $*" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

interpreter() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if fits "$name"; then
            echo "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python3.12"
}

# Debian and Ubuntu ship Python without ensurepip; its package is named after the interpreter.
install_venv_package() {
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package="python$version-venv"
    hint="$1 cannot make virtual environments: install the package $package and try again"
    command -v apt-get >/dev/null || fail "$hint"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        fail "$hint"
    fi
    echo "installing $package (this Python has no ensurepip)"
    log=$(mktemp)
    # shellcheck disable=SC2086  # an empty $as_root must vanish
    if ! { $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package"; } \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        fail "$hint"
    fi
    rm -f "$log"
}

make_venv() {
    python=$(interpreter)
    "$python" -c 'import venv, ensurepip' 2>/dev/null || install_venv_package "$python"
    echo "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
    printf '%s\n' "$PWD" "${PYTHON:-}" >"$venv/made-for"
}

# A folder that was moved, or made by another interpreter than the one now asked for, is made anew.
usable() {
    [ -x "$venv/bin/python" ] && [ -f "$venv/made-for" ] || return 1
    { read -r place && read -r python; } <"$venv/made-for" || return 1
    [ "$place" = "$PWD" ] && [ "$python" = "${PYTHON:-$python}" ]
}

install() {
    case $level in
        runtime) target="." ;;
        dev) target=".[dev]" ;;
        *) fail "unknown level '$level': runtime or dev" ;;
    esac
    echo "installing voxagent ($level)"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input --editable "$target" </dev/null ||
        fail "pip could not install voxagent ($level); its message stands above"
}

key=$(cksum <pyproject.toml | cut -d' ' -f1)
usable || make_venv
[ -f "$venv/has-$level-$key" ] && exit 0
install
rm -f "$venv"/has-*
touch "$venv/has-$level-$key" "$venv/has-runtime-$key"  # whatever the level, the runtime is in it
