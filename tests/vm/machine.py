"""A machine that QEMU emulates: an IOMMU, two 82576 network cards on one hub, an NVMe disk, all
with virtual functions; the host's files below a layer that is lost. No network, no root."""

import dataclasses
import json
import os
import pathlib
import socket
import subprocess

LINE_BYTES_MAX = 64 * 1024

# On a busy host an emulated timer may be late, or lost. A guest that checks it while booting finds
# none; one that arms it for each single event, and not for a tick, sleeps for ever.
STEADY_TIMERS = ("no_timer_check", "nohz=off", "highres=off")


@dataclasses.dataclass(frozen=True)
class Kernel:
    image: pathlib.Path
    modules: pathlib.Path  # the folder with modules.dep


# A thread for each core would be no faster here, and loses: QEMU 10.0 frees the map of memory that
# one core changes (a function that is reset) under another that is late to hear of it, and aborts.
ACCELERATOR = "tcg,thread=single"


@dataclasses.dataclass(frozen=True)
class Hardware:
    cores: int = 2
    cards: int = 2
    cpu: str = "max"
    words: tuple = ()      # further ones of QEMU
    arguments: tuple = ()  # of the guest's kernel
    fds: tuple = ()        # that `words` speak of
    host_cores: tuple = ()  # that QEMU may run on; empty: all


def command(kernel, initramfs, folder, hardware, arguments, fds):
    """QEMU's, with `arguments` for the guest's kernel and the descriptors of line and monitor."""
    line, monitor = fds
    words = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-M", "q35,kernel-irqchip=split", "-accel", ACCELERATOR, "-cpu", hardware.cpu,
        "-smp", str(hardware.cores), "-m", "2048",
        "-device", "intel-iommu,intremap=on,caching-mode=on",
        "-kernel", str(kernel.image), "-initrd", str(initramfs),
        "-append", " ".join(["console=ttyS0", "loglevel=4", "panic=-1", "intel_iommu=on",
                             "mitigations=off", *STEADY_TIMERS, *hardware.arguments, *arguments]),
        "-chardev", f"file,id=console,path={folder}/console.log", "-serial", "chardev:console",
        "-chardev", f"socket,id=line,fd={line}", "-serial", "chardev:line",
        "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control",
        "-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=host,mount_tag=host",
        "-fsdev", f"local,id=out,path={folder}/out,security_model=none",
        "-device", "virtio-9p-pci,fsdev=out,mount_tag=out",
    ]
    for card in range(hardware.cards):
        words += ["-device", f"pcie-root-port,id=port{card},chassis={card + 1},slot={card + 1}",
                  "-netdev", f"hubport,id=wire{card},hubid=0",
                  "-device", f"igb,id=card{card},bus=port{card},netdev=wire{card},"
                             f"mac=52:54:00:00:00:{card + 1:02x}"]
    return [*words, *nvme(folder), *hardware.words]


def pinned(cores):
    return ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []


def nvme(folder):
    for number in (1, 2):
        with (folder / f"namespace{number}.img").open("wb") as image:
            image.truncate(64 << 20)
    return ["-device", "pcie-root-port,id=port9,chassis=9,slot=9",
            "-device", "nvme-subsys,id=subsystem0,nqn=subsystem0",
            "-device", "nvme,id=nvme0,serial=arrakis,subsys=subsystem0,bus=port9,max_ioqpairs=18,"
                       "msix_qsize=17,sriov_max_vfs=4,sriov_vq_flexible=16,sriov_vi_flexible=8",
            "-drive", f"file={folder}/namespace1.img,if=none,id=disk1,format=raw",
            "-device", "nvme-ns,drive=disk1,bus=nvme0,nsid=1",
            "-drive", f"file={folder}/namespace2.img,if=none,id=disk2,format=raw",
            "-device", "nvme-ns,drive=disk2,bus=nvme0,nsid=2,shared=off,detached=on"]


class Machine:
    """Runs from its making to close(). The line is what the guest's helpers speak on."""

    def __init__(self, kernel, initramfs, folder, arguments, hardware=Hardware()):
        (folder / "out").mkdir(exist_ok=True)
        self._line, line = socket.socketpair()
        self._monitor, monitor = socket.socketpair()
        fds = (line.fileno(), monitor.fileno())
        # It ends with us, however we end.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *pinned(hardware.host_cores),
             *command(kernel, initramfs, folder, hardware, arguments, fds)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=(folder / "qemu.log").open("wb"), pass_fds=(*fds, *hardware.fds))
        line.close()
        monitor.close()
        self._rest = b""
        self._replies = self._monitor.makefile("r", encoding="utf-8")
        self._is_ready = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.kill()
        self._process.wait()
        for end in (self._replies, self._monitor, self._line):
            end.close()

    def read_line(self, seconds):
        """The guest's next line. None: the machine has stopped. TimeoutError: nothing came."""
        self._line.settimeout(max(seconds, 0.001))
        while b"\n" not in self._rest:
            try:
                more = self._line.recv(4096)
            except ConnectionError:
                more = b""
            if not more or len(self._rest) > LINE_BYTES_MAX:
                return None
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace").strip("\r")

    def write_line(self, text):
        self._line.sendall(text.encode() + b"\n")

    def monitor(self, text):
        """What QEMU's monitor answers to a command that a person would type."""
        if not self._is_ready:
            self._reply("QMP")
            self._ask("qmp_capabilities", {})
            self._is_ready = True
        return self._ask("human-monitor-command", {"command-line": text})

    def _ask(self, name, arguments):
        request = json.dumps({"execute": name, "arguments": arguments})
        self._monitor.sendall(request.encode() + b"\n")
        return self._reply("return")

    def _reply(self, key):
        self._monitor.settimeout(10)
        while reply := self._replies.readline():
            message = json.loads(reply)
            if key in message:
                return message[key]
            if "error" in message:
                raise RuntimeError(message["error"]["desc"])
        raise ConnectionError("QEMU has stopped")


def find_kernel(folder):
    """The newest kernel below `folder`, which tools/packages.sh fills."""
    images = sorted(folder.glob("boot/vmlinuz-*"), key=os.path.getmtime)
    if not images:
        raise FileNotFoundError(f"no kernel in {folder}; tools/packages.sh test puts one there")
    version = images[-1].name.removeprefix("vmlinuz-")
    return Kernel(images[-1], folder / "lib/modules" / version)
