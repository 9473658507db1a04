"""The file system that the guest starts from: busybox, the modules it needs, and guest/init."""

import pathlib
import shutil
import subprocess

# What the guest has beyond its kernel; what these depend on comes along.
MODULES = ["virtio_pci", "9p", "9pnet_virtio", "overlay", "igb", "igbvf", "nvme", "vfio-pci",
           "vfio_iommu_type1", "8021q"]
LINKS = ["sh", "mount", "insmod", "cat", "switch_root", "mkdir", "sysctl"]


def build(kernel, init, folder):
    """Lays the tree in `folder`/tree and packs it; returns the archive."""
    tree = folder / "tree"
    for name in ("bin", "dev", "proc", "sys", "root", "modules"):
        (tree / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    if not busybox:
        raise FileNotFoundError("busybox is missing; tools/packages.sh test installs it")
    shutil.copy(busybox, tree / "bin/busybox")
    for name in LINKS:
        (tree / "bin" / name).symlink_to("busybox")
    shutil.copy(init, tree / "init")
    (tree / "init").chmod(0o755)
    order = []
    for module in load_order(kernel, MODULES):
        shutil.copy(module, tree / "modules" / module.name)
        order.append(module.name)
    (tree / "modules/order").write_text("\n".join(order) + "\n", encoding="utf-8")
    return pack(tree, folder / "initramfs")


def load_order(kernel, names):
    """The files of these modules and of all they depend on, in the order to load them in."""
    dependencies = {}
    base = kernel.modules
    for line in (base / "modules.dep").read_text(encoding="utf-8").splitlines():
        module, needs = line.split(":")
        dependencies[module] = needs.split()
    built_in = {module_name(line) for line in
                (base / "modules.builtin").read_text(encoding="utf-8").splitlines()}
    by_name = {module_name(path): path for path in dependencies}
    order = []
    for name in names:
        name = name.replace("-", "_")
        if name in built_in:
            continue
        path = by_name[name]
        # modules.dep lists the nearest dependency first.
        for needed in [*reversed(dependencies[path]), path]:
            if needed not in order:
                order.append(needed)
    return [base / path for path in order]


def module_name(path):
    return pathlib.PurePath(path).name.split(".ko")[0].replace("-", "_")


def pack(tree, archive):
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    with archive.open("wb") as out:
        subprocess.run(["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0"], cwd=tree,
                       input="\n".join(names), stdout=out, check=True, text=True)
    return archive
