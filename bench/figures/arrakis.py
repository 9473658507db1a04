"""The control plane of a figure: arrakisd with a policy of its own, and arrakisctl."""

import json
import os

from lab import LabError, eventually, program, run

POLICY = """
[daemon]
socket = "{folder}/arrakisd.sock"
state = "{folder}/state"

[pool.vnics]
provider = "xdp"
addresses = ["10.20.0.0/24"]

[pool.wires]
provider = "wire"
addresses = ["10.30.0.0/24"]
mtu = 9000

[[app]]
name = "echo"
users = ["root"]
providers = ["xdp", "wire"]
wires = ["bench"]

# The generator three times: on the wire, on a netdev whose other end is Linux's, and on the host's
# end of the echo server's own pair. Measured is what the two ends cost, so they share netdevs.
[[app]]
name = "load-wire"
users = ["root"]
providers = ["wire"]
wires = ["bench"]

[[app]]
name = "load-linux"
users = ["root"]
devices = ["{linux_device}"]
trust_transmit = true
addresses = ["{linux_address}"]

[[app]]
name = "load-vnic"
users = ["root"]
devices = ["{vnic_device}"]
trust_transmit = true
addresses = ["{vnic_address}"]
"""


class Arrakis:
    """`places`: linux_device, linux_address, vnic_device, vnic_address of POLICY."""

    def __init__(self, lab, **places):
        self._ctl = program("control-plane/arrakisctl/arrakisctl")
        self.environment = {"ARRAKIS_SOCKET": f"{lab.folder}/arrakisd.sock"}
        policy = lab.folder / "arrakisd.toml"
        policy.write_text(POLICY.format(folder=lab.folder, **places), encoding="utf-8")
        daemon = lab.start(program("control-plane/arrakisd/arrakisd"), "--config", policy)
        ready = eventually(lambda: not daemon.running() or self._run("status").returncode == 0, 10)
        if not ready or not daemon.running():
            raise LabError(daemon.complaint())

    def assign(self, app, *words):
        """The VF's record: name, addresses without their lengths, device."""
        done = self._run("assign-vf", "--app", app, *words, "--json")
        if done.returncode != 0:
            raise LabError(f"assign-vf --app {app} {' '.join(words)}: {done.stderr.strip()}")
        record = json.loads(done.stdout)
        record["addresses"] = [prefix.split("/")[0] for prefix in record["addresses"]]
        return record

    def await_attached(self, name, server):
        """Until `server` has taken its VF: only then its netdev and its route are there."""
        def attached():
            if not server.running():
                raise LabError(server.complaint())
            done = self._run("show-vf", name, "--json")
            return done.returncode == 0 and json.loads(done.stdout)["state"] == "attached"

        if not eventually(attached, 10):
            raise LabError(f"{server.name} did not attach within 10 s")

    def release(self, name):
        done = self._run("release-vf", name)
        if done.returncode != 0:
            raise LabError(f"release-vf {name}: {done.stderr.strip()}")

    def _run(self, *words):
        return run(self._ctl, *words, check=False, env={**os.environ, **self.environment})
