#!/bin/bash
# packages.sh: the Debian 12 packages that the project needs, in one place, and their installation.
#
# usage: packages.sh build|test [--list]
#
# build: what compiles and runs it. test: those and what the tests, lints and benchmarks use, and
# for the emulated machine QEMU (bookworm's own is too old: from backports, whose source is added)
# and a kernel, which is unpacked in /var/cache/arrakis-vm and not installed: it starts no machine
# but that one.
# Packages that are there already are left alone; without missing ones nothing is changed.
set -euo pipefail

build=(
  build-essential ca-certificates ccache git meson ninja-build pkg-config
  libdpdk-dev libboost-dev                          # packets, intrusive containers
  capnproto libcapnp-dev                            # protocol
  clang-19 libbpf-dev libxdp-dev bpftool            # the xdp provider and its eBPF program
  libelf-dev zlib1g-dev libnl-route-3-dev libcap-ng-dev
  libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libsqlite3-dev
  libtomlplusplus-dev
  libgtest-dev                                      # the build makes the tests too
  iproute2 ethtool iputils-ping util-linux python3  # namespaces, wires, scripts
)
tests=(
  clang-format-19 clang-tidy-19 libclang-rt-19-dev shellcheck
  traceroute strace
  curl netcat-openbsd redis-tools wrk               # clients of our servers
  tcpdump                                           # reads what we captured
  redis-server memcached                            # servers under our sockets; none is started
  libbenchmark-dev gnuplot-nox liblwip-dev          # benchmarks
  qemu-system-x86 busybox-static cpio kmod          # the emulated machine
)
qemu_min=1:8.0            # the first that emulates the 82576
backports=bookworm-backports
kernel_package=linux-image-amd64
kernel_folder=/var/cache/arrakis-vm

case ${1:-} in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${tests[@]}") ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
if [[ ${2:-} == --list ]]; then
  printf '%s\n' "${wanted[@]}"
  exit
fi

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# Whether it is installed, and as young as it has to be.
present() {
  installed "$1" || return 1
  [[ $1 != qemu-system-x86 ]] ||
    dpkg --compare-versions "$(dpkg-query -W -f='${Version}' "$1")" ge "$qemu_min"
}

missing=()
for package in "${wanted[@]}"; do
  present "$package" || missing+=("$package")
done
kernel_missing=false
[[ $1 == build || -n $(ls "$kernel_folder"/boot/vmlinuz-* 2>/dev/null) ]] || kernel_missing=true
if ((${#missing[@]} == 0)) && ! $kernel_missing; then
  echo "packages: nothing is missing"
  exit
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "packages: not root and no sudo; as root: tools/packages.sh $1" >&2
    exit 1
  }
  as_root=(sudo)
fi

# Adds bookworm-backports, from where this machine has bookworm.
add_backports() {
  local uri
  [[ -z $(apt-get indextargets "Codename: $backports") ]] || return 0
  # shellcheck disable=SC2016  # apt's variable
  uri=$(apt-get indextargets --format '$(REPO_URI)' "Codename: bookworm" | head -n 1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $backports main" |
    "${as_root[@]}" tee /etc/apt/sources.list.d/arrakis-backports.list >/dev/null
}

# Unpacks image and modules of Debian's present kernel, and says what depends on what.
unpack_kernel() {
  local folder package
  folder=$(mktemp -d)
  package=$(apt-cache depends "$kernel_package" | awk '/Depends: linux-image/ { print $2; exit }')
  chmod 755 "$folder"
  ((EUID)) || chown _apt "$folder"  # whom root's apt downloads as
  (cd "$folder" && apt-get download -qq "$package")
  "${as_root[@]}" rm -rf "$kernel_folder"
  "${as_root[@]}" mkdir -p "$kernel_folder"
  dpkg-deb --fsys-tarfile "$folder"/*.deb |
    "${as_root[@]}" tar -x -C "$kernel_folder" --wildcards './boot/vmlinuz-*' './lib/modules/*'
  "${as_root[@]}" depmod -b "$kernel_folder" "$(basename "$kernel_folder"/lib/modules/*)"
  rm -r "$folder"
}

# A machine that gets a server for its tests does not want it to serve.
start_no_services() {
  local policy=/usr/sbin/policy-rc.d
  [[ ! -e $policy ]] || return 0
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  # shellcheck disable=SC2064  # the values of now
  trap "${as_root[*]} rm -f $policy" EXIT
}

# install PACKAGE_OR_OPTION...
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
    --no-install-recommends "$@" >/dev/null
}

"${as_root[@]}" apt-get update -qq
start_no_services
release=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)
if [[ $release == bookworm && " ${missing[*]} " == *" qemu-system-x86 "* ]]; then
  echo "packages: installing qemu-system-x86 of $backports"
  add_backports
  "${as_root[@]}" apt-get update -qq
  install --target-release "$backports" qemu-system-x86
fi
if ((${#missing[@]})); then
  echo "packages: installing ${missing[*]}"
  install "${missing[@]}"
fi
if $kernel_missing; then
  echo "packages: unpacking $kernel_package in $kernel_folder"
  unpack_kernel
fi
