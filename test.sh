#!/bin/bash
# test.sh: builds everything and runs every test. On a fresh Debian 12, as root or with sudo, some
# 45 minutes on 2 cores; a second run costs what changed.
#
# usage: ./test.sh [--no-install]
#
#   1. installs the Debian packages that are missing (tools/packages.sh)
#   2. release build in build/: lints, clang-tidy, unit, simulation, install, netns, end to end, and
#      in the emulated machine (tests/vm)
#   3. the same tests, lints and machine aside, under ASan and UBSan in build-asan/; suite `threads`
#      under TSan in build-tsan/
#   4. libFuzzer targets in build-fuzz/, 60 s each
#
# The last line is `N passed, N failed`. Tests that need root run through sudo if it asks for no
# password; else they are named as not run, and with CI=true that is a failure.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

install=true
case ${1:-} in
  '') ;;
  --no-install) install=false ;;
  *)
    sed -n '2,16s/^# \{0,1\}//p' "$0"
    [[ $1 == --help ]]
    exit
    ;;
esac

started=$SECONDS
export PYTHONDONTWRITEBYTECODE=1  # nothing writes into the source
broken=0    # steps that failed where no test could say so
logs=()     # what test_results.py adds up
skips=()
[[ ${CI:-} == true ]] && skips=(--skips-fail)
as_root=()
if ((EUID != 0)); then as_root=(sudo -n env "PATH=$PATH" "CI=${CI:-}"); fi

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

# configure FOLDER MESON_OPTION...: sets the build folder up, or brings it up to date.
configure() {
  local folder=$1 option options=()
  shift
  [[ ! -f $folder/build.ninja ]] || options=(--reconfigure)
  for option in "$@"; do
    # Compilers cannot be changed in a folder that has been set up.
    [[ -f $folder/build.ninja && $option == --native-file=* ]] || options+=("$option")
  done
  meson setup "$folder" "${options[@]}" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
  rm "$folder.log"
}

# tests FOLDER NAME MESON_TEST_OPTION...: builds what they need, runs them, and remembers the log to
# add up; one that was never written counts as a failure.
tests() {
  local folder=$1 log=$2
  shift 2
  rm -f "$folder/meson-logs/$log.json"
  logs+=("$folder/meson-logs/$log.json")
  "${runner[@]}" meson test -C "$folder" --logbase "$log" --print-errorlogs "$@"
}

broke() {
  echo "failed: $*"
  broken=$((broken + 1))
}

# privileged FOLDER NAME MESON_TEST_OPTION...: what makes namespaces and netdevs, as root.
privileged() {
  if "${as_root[@]}" true 2>/dev/null; then
    runner=("${as_root[@]}")
    tests "$@" --no-rebuild --suite netns --suite e2e
    runner=()
  elif [[ ${CI:-} == true ]]; then
    broke "namespaces and end to end: they need root, or sudo without a password"
  else
    echo "NOT RUN: namespaces and end to end: they need root, or sudo without a password"
  fi
}

if $install; then
  say "packages"
  tools/packages.sh test || exit 1
fi

runner=()
say "release build in build/"
if configure build --buildtype=release -Db_sanitize=none && ninja -C build --quiet; then
  say "lints, unit tests, simulation, install"
  tests build plain --no-suite netns --no-suite e2e --no-suite vm --no-suite tidy
  say "network namespaces and end to end, as root"
  privileged build privileged
  say "in the emulated machine"
  tests build vm --no-rebuild --suite vm
  say "clang-tidy"
  tests build tidy --suite tidy
else
  broke "release build"
fi

say "ASan and UBSan build in build-asan/"
if configure build-asan -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false &&
  ninja -C build-asan --quiet; then
  tests build-asan sanitized --no-suite lint --no-suite tidy --no-suite install --no-suite e2e \
    --no-suite netns --no-suite vm --no-suite slow
  privileged build-asan sanitized-privileged --no-suite unsanitized
else
  broke "ASan build"
fi

say "TSan build in build-tsan/"
if configure build-tsan -Doptimization=1 -Db_sanitize=thread -Db_lundef=false; then
  tests build-tsan threads --suite threads
else
  broke "TSan build"
fi

say "fuzz targets in build-fuzz/, 60 s each"
if configure build-fuzz --native-file=tests/fuzz/clang.ini -Dfuzz=true; then
  # A crash leaves its input in build-fuzz/.
  tests build-fuzz fuzz --suite fuzz --num-processes 2
else
  broke "fuzz build"
fi

say "all"
tools/test_results.py --broken "$broken" "${skips[@]}" "${logs[@]}"
